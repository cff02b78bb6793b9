# ---- what a model needs of its session

"""
What must exist in a host before the object can be loaded and asked. `pieces` holds per name of Main its lines of
definitions.jl, each with the names that must stand before it.
"""
struct Needs
    statements::Vector{Statement}
    pieces::Dict{Symbol,Vector{Pair{String,Set{Symbol}}}}
    order::Vector{Symbol}                       # names as they were found
    kinds::Dict{Symbol,Symbol}
    layout::Dict{String,String}                 # struct ⇒ its fields
    packages::Set{Base.PkgId}
    values::Vector{Any}                         # of globals; number k is written to global-k.jls
    methods::Set{Method}
    todo::Vector{Any}
    seen::IdDict{Any,Nothing}
end

Needs(texts) = Needs(reduce(vcat, (statements(f, t) for (f, t) in texts); init = Statement[]), Dict(), [], Dict(), Dict(),
                     Set(), [], Set(), [], IdDict())

of_session(m::Module) = Base.moduleroot(m) === Main
is_julias_own(m::Module) = Base.moduleroot(m) in (Base, Core)
outermost(m::Module) = parentmodule(m) === Main || parentmodule(m) === m ? m : outermost(parentmodule(m))
is_hidden(name::Symbol) = startswith(string(name), '#')

function add_piece!(needs, name, text, before)
    haskey(needs.pieces, name) || push!(needs.order, name)
    pieces = get!(Vector{Pair{String,Set{Symbol}}}, needs.pieces, name)
    any(piece -> first(piece) == text, pieces) || push!(pieces, text => setdiff(before, [name]))
end

"Find everything `roots` need: the types, functions and globals they reach, until nothing new turns up."
function explore!(needs, roots)
    append!(needs.todo, roots)
    while true
        while !isempty(needs.todo)
            visit!(needs, pop!(needs.todo))
        end
        extend_types!(needs)
        isempty(needs.todo) && return needs
    end
end

# Values: their types, and whatever they hold. A stack, not recursion: a linked list may be long.
visit!(needs, value::Union{String,Symbol,Nothing,Missing,Core.SimpleVector,Method,Core.MethodInstance}) = nothing
visit!(needs, value::GlobalRef) = of_session(value.mod) && visit_name!(needs, in_main(value)...)
visit!(needs, value::Module) = visit_module!(needs, value)
visit!(needs, type::Type) = first_visit!(needs, type) && visit_type!(needs, type)
function visit!(needs, value)
    first_visit!(needs, typeof(value)) && visit_type!(needs, typeof(value))
    isbits(value) && return
    first_visit!(needs, value) || return
    for k in 1:nfields(value)
        isdefined(value, k) && push!(needs.todo, getfield(value, k))
    end
end
function visit!(needs, values::DenseArray)
    first_visit!(needs, typeof(values)) && visit_type!(needs, typeof(values))
    isbitstype(eltype(values)) || eltype(values) <: Union{Missing,Number,String,Symbol} || !first_visit!(needs, values) ||
        append!(needs.todo, (values[k] for k in eachindex(values) if isassigned(values, k)))
end

first_visit!(needs, thing) = haskey(needs.seen, thing) ? false : (needs.seen[thing] = nothing; true)
in_main(ref::GlobalRef) = ref.mod === Main ? (ref.name,) : (nameof(outermost(ref.mod)),)

function visit_module!(needs, m)
    of_session(m) ? (m === Main || visit_name!(needs, nameof(outermost(m)))) :
    is_julias_own(m) || push!(needs.packages, Base.PkgId(Base.moduleroot(m)))
end

visit_type!(needs, type::Union) = append!(needs.todo, Any[type.a, type.b])
visit_type!(needs, type::UnionAll) = append!(needs.todo, Any[type.var.ub, type.body])
visit_type!(needs, type) = nothing                               # Union{}
function visit_type!(needs, type::DataType)
    append!(needs.todo, Any[p for p in type.parameters if p isa Union{Type,TypeVar}])
    visit_module!(needs, parentmodule(type))
    if !of_session(parentmodule(type))
        # a function of a package may have methods of the session
        return type <: Function && isconcretetype(type) && visit_methods!(needs, type)
    end
    name = nameof(type)
    parentmodule(type) === Main && !is_hidden(name) && visit_name!(needs, name)
    append!(needs.todo, Any[supertype(type), fieldtypes_of(type)...])
    is_hidden(name) || isabstracttype(type) || note_layout!(needs, Base.unwrap_unionall(Base.typename(type).wrapper))
    isconcretetype(type) && visit_methods!(needs, type)
    is_hidden(name) || visit_methods!(needs, Type{Base.typename(type).wrapper})
end
fieldtypes_of(type) = isabstracttype(type) ? () : (f for f in type.types if f isa Type)
visit!(needs, bound::TypeVar) = push!(needs.todo, bound.ub)

layout_text(type) = join(("$n::$t" for (n, t) in zip(fieldnames(type), fieldtypes(type))), ";")
full_name(type) = join(vcat(collect(fullname(parentmodule(type)))[2:end], nameof(type)), ".")
note_layout!(needs, type) = of_session(parentmodule(type)) && (needs.layout[full_name(type)] = layout_text(type))

# ---- functions: the globals that their lowered code reads

function methods_of(signature)
    found = Base._methods_by_ftype(signature, -1, Base.get_world_counter())
    return Method[m isa Core.SimpleVector ? m[3] : m.method for m in found]     # before 1.6 a plain vector of three
end

# Before 1.9 each callable has a sorter of its own for calls with keywords; constructors share that of their kind.
keyword_sorter(type) = isdefined(Core, :kwcall) ? typeof(Core.kwcall) : Core.kwftype(kind_of_callable(type))
kind_of_callable(type) = type
kind_of_callable(::Type{Type{T}}) where {T} = typeof(T)

function visit_methods!(needs, type)
    for signature in (Tuple{type,Vararg{Any}}, Tuple{keyword_sorter(type),Any,type,Vararg{Any}}), method in methods_of(signature)
        of_session(method.module) && visit_method!(needs, method)
    end
end

function visit_method!(needs, method)
    method in needs.methods && return
    push!(needs.methods, method)
    isdefined(method, :generator) && return push!(needs.todo, method.generator.gen)
    read_code!(needs, Base.uncompressed_ir(method))
    is_hidden(method.name) || add_source!(needs, method)      # closures are serialized with their code
end

read_code!(needs, code::Core.CodeInfo) = foreach(part -> read_code!(needs, part), code.code)
read_code!(needs, code::Expr) = foreach(part -> read_code!(needs, part), code.args)
read_code!(needs, code::Union{GlobalRef,Function,Type,Module}) = push!(needs.todo, code)
read_code!(needs, code::QuoteNode) = nothing
read_code!(needs, code::Union{AbstractString,Symbol,Number,Core.SlotNumber,LineNumberNode}) = nothing
function read_code!(needs, code)                                 # return and goto nodes of newer Julias
    parentmodule(typeof(code)) === Core || return
    foreach(k -> isdefined(code, k) && read_code!(needs, getfield(code, k)), 1:nfields(code))
end

# ---- names of Main: where their definition is, and what it needs

function visit_name!(needs, name)
    haskey(needs.kinds, name) && return
    needs.kinds[name] = :unknown
    isdefined(Main, name) || return
    value = getfield(Main, name)
    kind = needs.kinds[name] = kind_of(name, value)
    kind === :imported && return add_import!(needs, name, value)
    push!(needs.todo, value)
    kind === :value && !is_hidden(name) && return add_value!(needs, name, value)
    kind in (:type, :module, :macro) && add_named!(needs, name, kind)
end

owner_of(name) = try which(Main, name) catch; Main end
function kind_of(name, value)
    value isa Module && return of_session(value) ? (value === Main ? :main : :module) : :imported
    owner_of(name) === Main || return :imported
    own = value isa Union{Type,Function} && nameof(value) === name && parentmodule(value) === Main
    own || return :value
    return value isa Type ? :type : startswith(string(name), '@') ? :macro : :function
end

is_definition(code, kind) = kind === :module ? is_headed(code, :module) : kind === :macro ? is_headed(code, :macro) :
                            is_headed(code, :struct, :abstract, :primitive)
is_headed(code, heads...) = code isa Expr &&
    (code.head in heads || code.head === :macrocall && is_headed(code.args[end], heads...))

"The definition of a type, module or macro by its name, the last of several; a type can also be written anew."
function add_named!(needs, name, kind)
    found = findlast(s -> defined(s.code) === name && is_definition(s.code, kind), needs.statements)
    found === nothing || return add_statement!(needs, name, needs.statements[found])
    kind === :type || no_source(name, "")
    add_piece!(needs, name, written_anew(Base.unwrap_unionall(getfield(Main, name))), Set{Symbol}())
end

function add_statement!(needs, name, statement)
    before = defined(statement.code) === nothing && extended(statement.code) === nothing ? symbols(statement.code) : eager(statement.code)
    add_piece!(needs, name, statement.text, before)
    foreach(symbol -> isdefined(Main, symbol) && visit_name!(needs, symbol), before)
end

"The statement that made a method, by file and line; a function of another module needs its name imported first."
function add_source!(needs, method)
    line, file = Int(method.line), string(method.file)
    at = find_statement(needs, file, line)
    own = at !== nothing ? defined(at.code) : nothing
    at === nothing && return is_constructor(method) || no_source(method.name, " ($file:$line)")
    is_module_of(at, method) && return
    name = own !== nothing && kind_in_main(own) !== :imported ? own : Symbol(file, ":", first(at.lines))
    own === nothing || visit_name!(needs, own)
    add_statement!(needs, name, at)
end
is_module_of(statement, method) = method.module !== Main && is_headed(statement.code, :module)
kind_in_main(name) = isdefined(Main, name) ? kind_of(name, getfield(Main, name)) : :unknown
is_constructor(method) = Base.unwrap_unionall(method.sig).parameters[1] <: Type

no_source(name, place) = reject(
    "The model needs `$name`$place, which is defined in this session, and its source is not known here.",
    "Define it in the notebook or script itself, or give definitions = \"…\", the source of all the model needs.")

"A file that the session included is read when the first of its methods is met."
function find_statement(needs, file, line)
    covers(s) = s.file == file && line in s.lines
    any(s -> s.file == file, needs.statements) || !isfile(file) || prepend!(needs.statements, statements(file, read(file, String)))
    found = findlast(covers, needs.statements)
    return found === nothing ? nothing : needs.statements[found]
end

"Methods that the session adds to Julia's functions for its own types, such as `Base.length(m::Model)`."
function extend_types!(needs)
    types = Set(name for (name, kind) in needs.kinds if kind === :type)
    for statement in needs.statements
        called = foreign_function(statement.code)
        called === nothing || isempty(intersect(types, eager(statement.code))) && continue
        called isa Function && (is_julias_own(parentmodule(called)) || Base.PkgId(Base.moduleroot(parentmodule(called))) in needs.packages) || continue
        for method in methods(called)
            method.module === Main && string(method.file) == statement.file && method.line in statement.lines &&
                visit_method!(needs, method)
        end
    end
end

function foreign_function(code)
    target = something(extended(code), defined(code), Some(nothing))
    target isa Symbol && return kind_in_main(target) === :imported ? getfield(Main, target) : nothing
    return try dotted(target) catch; nothing end
end
dotted(path::Symbol) = getfield(Main, path)
dotted(path::Expr) = path.head === :. ? getfield(dotted(path.args[1]), path.args[2].value) : nothing
dotted(_) = nothing

# ---- imports

"`using A, B: c` as one expression per module."
imports(code) = Expr[]
function imports(code::Expr)
    code.head in (:using, :import) || return Expr[]
    return [Expr(code.head, argument) for argument in code.args]
end

"The import of the session that brings `name`, or one that does the same."
function add_import!(needs, name, value)
    owner = value isa Module ? value : owner_of(name)
    visit_module!(needs, owner)
    for statement in needs.statements, code in imports(statement.code)
        brings(code, name) || continue
        return add_piece!(needs, name, string(code), symbols(code))
    end
    is_julias_own(owner) && (value isa Module || Base.isexported(Base, name) || Base.isexported(Core, name)) && return
    text = value isa Module ? "import $(join(fullname(value), "."))" : "using $(join(fullname(owner), ".")): $name"
    add_piece!(needs, name, text, Set{Symbol}())
end

function brings(code, name)
    argument = code.args[1]
    argument.head === :(:) && return any(part -> last(part.args) === name, argument.args[2:end])
    last(argument.args) === name && return true
    m = try foldl(getfield, filter(s -> s !== :., argument.args); init = Main) catch; nothing end
    return code.head === :using && m isa Module && m !== Main && Base.isexported(m, name)
end

