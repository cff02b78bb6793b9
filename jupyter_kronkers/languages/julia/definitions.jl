# ---- definitions.jl

"A global's value as a literal where that reads well, else from a file beside definitions.jl."
function add_value!(needs, name, value)
    text = literal(value)
    if text === nothing
        push!(needs.values, value)
        text = "Serialization.deserialize(joinpath(@__DIR__, \"global-$(length(needs.values)).jls\"))"
    end
    add_piece!(needs, name, (isconst(Main, name) ? "const " : "") * "$(name) = $text", Set{Symbol}())
end
literal(value) = nothing
literal(value::Union{Bool,Int64,Float64,Symbol,Type}) = repr(value)
literal(value::String) = sizeof(value) <= 1_000 ? repr(value) : nothing

is_mutable(type) = isdefined(Base, :ismutabletype) ? Base.ismutabletype(type) : type.mutable
function written_anew(type)
    parameters = isempty(type.parameters) ? "" : "{$(join(map(bounded, type.parameters), ", "))}"
    head = "$(nameof(type))$parameters" * (supertype(type) === Any ? "" : " <: $(supertype(type))")
    isabstracttype(type) && return "abstract type $head end"
    fields = ["    $n::$t\n" for (n, t) in zip(fieldnames(type), fieldtypes(type))]
    return (is_mutable(type) ? "mutable " : "") * "struct $head\n$(join(fields))end"
end
bounded(variable) = variable.ub === Any ? string(variable.name) : "$(variable.name) <: $(variable.ub)"

"The names of `pieces` so that each stands behind what it needs; values last, unless something needs them earlier."
function sorted_names(needs)
    done, sorted = Set{Symbol}(), Symbol[]
    rank(name) = findfirst(==(get(needs.kinds, name, :statement)), (:imported, :module, :type))
    early = sort(needs.order; by = name -> get(needs.kinds, name, :statement) === :value ? 9 : something(rank(name), 5))
    foreach(name -> place!(sorted, done, needs, name), early)
    return sorted
end
function place!(sorted, done, needs, name)
    (name in done || !haskey(needs.pieces, name)) && return
    push!(done, name)
    for (_, before) in needs.pieces[name], other in sort!(collect(before))
        place!(sorted, done, needs, other)
    end
    push!(sorted, name)
end

const HEAD = """
# What this model needs of the session it was captured in. Written by Kronkers;
# it is run into Main, on the same minor version of Julia, before model.jls is read.
"""

function definitions_text(needs, given)
    texts = given === nothing ? [text for name in sorted_names(needs) for (text, _) in needs.pieces[name]] : [given]
    packages = sort!(collect(needs.packages); by = id -> id.name)
    checks = [layout_check(name, fields) for (name, fields) in sort!(collect(needs.layout))]
    return join(vcat(HEAD, version_check(), map(package_line, packages), "import Serialization", texts, checks), "\n\n") * "\n"
end

version_check() = """
(VERSION.major, VERSION.minor) == ($(VERSION.major), $(VERSION.minor)) || 
    error("This model was captured with Julia $VERSION and is loaded by Julia \$VERSION, and Julia reads serialized " *
          "objects with the same minor version only. Serve it with Julia $(VERSION.major).$(VERSION.minor), " *
          "or register it again from this one.")"""

layout_check(name, fields) = """
let found = join(("\$n::\$t" for (n, t) in zip(fieldnames(Main.$name), fieldtypes(Base.unwrap_unionall(Main.$name)))), ";")
    found == $(repr(fields)) || error("The struct $name has changed since the model was registered: it had the fields " *
        $(repr(fields)) * ", now it has " * found * ". Register the model again.")
end"""

function package_line(id)
    key = id.uuid === nothing ? repr(id.name) : "Base.UUID($(repr(string(id.uuid)))), $(repr(id.name))"
    return """
let package = Base.PkgId($key)
    Base.locate_package(package) === nothing && !haskey(Base.loaded_modules, package) &&
        error("This model needs the package $(id.name) $(package_version(id)), which is not installed here. " *
              "Add it to the environment of this Julia.")
    Base.require(package)
end"""
end

