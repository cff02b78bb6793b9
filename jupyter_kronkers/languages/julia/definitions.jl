# definitions.jl of a captured model: the source a host runs into Main before it reads the object.

"A global's value as a literal where that reads well, else from a file beside definitions.jl."
function add_value!(needs::Needs, name::Symbol, @nospecialize value)
    text = literal(value)
    if text === nothing
        push!(needs.values, value)
        text = "Serialization.deserialize(joinpath(@__DIR__, \"global-$(length(needs.values)).jls\"))"
    end
    add_piece!(needs, name, (isconst(Main, name) ? "const " : "") * "$name = $text", Set{Symbol}())
end

function literal(@nospecialize value)
    value isa Union{Bool,Int64,Float64,Symbol,Type} && return repr(value)
    return value isa String && sizeof(value) <= 1_000 ? repr(value) : nothing
end

is_mutable(type::DataType) = isdefined(Base, :ismutabletype) ? Base.ismutabletype(type) : type.mutable

"A type whose source is not known, written from what Julia knows of it. Its inner constructors are lost."
function written_anew(type::DataType)
    parameters = String[p.ub === Any ? string(p.name) : "$(p.name) <: $(p.ub)" for p in type.parameters]
    head = string(nameof(type)) * (isempty(parameters) ? "" : "{$(join(parameters, ", "))}") *
           (supertype(type) === Any ? "" : " <: $(supertype(type))")
    isabstracttype(type) && return "abstract type $head end"
    fields = String["    $(fieldname(type, k))::$(fieldtype(type, k))\n" for k in 1:fieldcount(type)]
    return (is_mutable(type) ? "mutable " : "") * "struct $head\n$(join(fields))end"
end

const RANKS = Dict{Symbol,Int}(:imported => 1, :module => 2, :type => 3, :value => 9)

"The names of `pieces` so that each stands behind what it needs; values last, unless something needs them earlier."
function sorted_names(needs::Needs)
    done, sorted = Set{Symbol}(), Symbol[]
    for rank in (1, 2, 3, 5, 9), name in needs.order
        get(RANKS, get(needs.kinds, name, :statement), 5) == rank && place!(sorted, done, needs, name)
    end
    return sorted
end

function place!(sorted::Vector{Symbol}, done::Set{Symbol}, needs::Needs, name::Symbol)
    (name in done || !haskey(needs.pieces, name)) && return
    push!(done, name)
    for piece in needs.pieces[name], other in needs.order
        other in piece.before && place!(sorted, done, needs, other)
    end
    push!(sorted, name)
end

"The whole text. With `given`, the user's own source stands in the place of what was found."
function definitions_text(needs::Needs, given::Union{Nothing,AbstractString})
    parts = String[HEAD, version_check()]
    for id in sort!(collect(needs.packages); by = id -> id.name)
        push!(parts, package_line(id))
    end
    isempty(needs.values) || push!(parts, "import Serialization")
    given === nothing || push!(parts, given)
    for name in (given === nothing ? sorted_names(needs) : Symbol[]), piece in needs.pieces[name]
        push!(parts, piece.text)
    end
    for name in sort!(collect(keys(needs.layout)))
        push!(parts, layout_check(name, needs.layout[name]))
    end
    return join(parts, "\n\n") * "\n"
end

const HEAD = """
# What this model needs of the session it was captured in. Written by Kronkers;
# it is run into Main, on the same minor version of Julia, before model.jls is read."""

version_check() = """
(VERSION.major, VERSION.minor) == ($(VERSION.major), $(VERSION.minor)) ||
    error("This model was captured with Julia $VERSION and is loaded by Julia \$VERSION, and Julia reads serialized " *
          "objects with the same minor version only. Serve it with Julia $(VERSION.major).$(VERSION.minor), " *
          "or register it again from this one.")"""

layout_check(name::String, fields::String) = """
let type = Base.unwrap_unionall(Main.$name),
    found = join(("\$n::\$t" for (n, t) in zip(fieldnames(type), fieldtypes(type))), ";")

    found == $(repr(fields)) ||
        error("The struct $name has changed since the model was registered: it had the fields " *
              $(repr(fields)) * ", now it has " * found * ". Register the model again.")
end"""

function package_line(id::Base.PkgId)
    key = id.uuid === nothing ? repr(id.name) : "Base.UUID($(repr(string(id.uuid)))), $(repr(id.name))"
    is_standard(id) && return "Base.require(Base.PkgId($key))"
    return """
let package = Base.PkgId($key)
    Base.locate_package(package) === nothing && !haskey(Base.loaded_modules, package) &&
        error("This model needs the package $(id.name) $(package_version(id)), which is not installed here. " *
              "Add it to the environment of this Julia.")
    Base.require(package)
end"""
end

# ---- packages

function is_standard(id::Base.PkgId)
    path = id.uuid === nothing ? nothing : Base.locate_package(id)
    return path !== nothing && startswith(path, Sys.STDLIB)
end

function package_version(id::Base.PkgId)
    path = Base.locate_package(id)
    project = path === nothing ? "" : joinpath(dirname(dirname(path)), "Project.toml")
    found = isfile(project) ? match(r"^version\s*=\s*\"(.*)\""m, read(project, String)) : nothing
    return found === nothing ? string(VERSION) : String(found.captures[1])     # the standard library has Julia's
end

"The packages the model needs, and all others loaded that are not Julia's own."
function packages(needs::Needs)
    told = Any[]
    for id in sort!(collect(keys(Base.loaded_modules)); by = id -> id.name)
        needed = id in needs.packages
        needed || id.uuid !== nothing && !is_standard(id) && Base.locate_package(id) !== nothing || continue
        push!(told, object("name", id.name, "version", package_version(id), "needed", needed,
                           "attached", isdefined(Main, Symbol(id.name))))
    end
    return told
end
