# What a model needs of its session: the types, functions and globals that its object and its predict function reach.
#
#   value ─▶ its type, what it holds           type ─▶ its fields, its methods
#   method ─▶ the globals its lowered code reads ─▶ name of Main ─▶ its definition, or its value

"Lines of definitions.jl, and the names that must stand before them."
struct Piece
    text::String
    before::Set{Symbol}
end

"""
What must exist in a host before the object can be loaded and asked. `kinds` says of each name of Main that was met
whether it is :imported, a :module, :type, :macro, :function, :value, or :unknown.
"""
struct Needs
    statements::Vector{Statement}
    pieces::Dict{Symbol,Vector{Piece}}
    order::Vector{Symbol}                       # names in `pieces` as they were found
    kinds::Dict{Symbol,Symbol}
    layout::Dict{String,String}                 # struct ⇒ its fields
    packages::Set{Base.PkgId}
    values::Vector{Any}                         # of globals; number k is written to global-k.jls
    todo::Vector{Any}
    seen::IdDict{Any,Nothing}
end

function Needs(texts::Texts)
    found = Statement[]
    for (file, text) in texts
        append!(found, statements(file, text))
    end
    return Needs(found, Dict{Symbol,Vector{Piece}}(), Symbol[], Dict{Symbol,Symbol}(), Dict{String,String}(),
                 Set{Base.PkgId}(), Any[], Any[], IdDict{Any,Nothing}())
end

of_session(m::Module) = Base.moduleroot(m) === Main
is_julias_own(m::Module) = Base.moduleroot(m) === Base || Base.moduleroot(m) === Core
outermost(m::Module) = parentmodule(m) === Main || parentmodule(m) === m ? m : outermost(parentmodule(m))
is_hidden(name::Symbol) = startswith(string(name), '#')

"Find everything `roots` need, until nothing new turns up."
function explore!(needs::Needs, roots::Vector{Any})
    append!(needs.todo, roots)
    while !isempty(needs.todo)
        while !isempty(needs.todo)
            visit!(needs, pop!(needs.todo))
        end
        extend_types!(needs)
    end
    return needs
end

# ---- values. A stack, not recursion: a linked list may be long.

function visit!(needs::Needs, @nospecialize value)
    value isa Union{String,Symbol,Nothing,Missing,Core.SimpleVector,Method,Core.MethodInstance} && return
    value isa GlobalRef && return of_session(value.mod) && visit_name!(needs, name_in_main(value))
    value isa Module && return visit_module!(needs, value)
    value isa TypeVar && return push!(needs.todo, value.ub)
    type = value isa Type ? value : typeof(value)
    is_first_visit!(needs, type) && visit_type!(needs, type)
    (value isa Type || isbits(value) || !is_first_visit!(needs, value)) && return
    value isa DenseArray ? visit_items!(needs, value) : visit_fields!(needs, value)
end

function visit_items!(needs::Needs, @nospecialize values)
    (isbitstype(eltype(values)) || eltype(values) <: Union{Missing,Number,String,Symbol}) && return
    for k in eachindex(values)
        isassigned(values, k) && push!(needs.todo, values[k])
    end
end

function visit_fields!(needs::Needs, @nospecialize value)
    for k in 1:nfields(value)
        isdefined(value, k) && push!(needs.todo, getfield(value, k))
    end
end

function is_first_visit!(needs::Needs, @nospecialize thing)
    haskey(needs.seen, thing) && return false
    needs.seen[thing] = nothing
    return true
end

name_in_main(ref::GlobalRef) = ref.mod === Main ? ref.name : nameof(outermost(ref.mod))

function visit_module!(needs::Needs, m::Module)
    of_session(m) && return m === Main || visit_name!(needs, nameof(outermost(m)))
    is_julias_own(m) || push!(needs.packages, Base.PkgId(Base.moduleroot(m)))
end

# ---- types

function visit_type!(needs::Needs, @nospecialize type)
    type isa Union && return append!(needs.todo, Any[type.a, type.b])
    type isa UnionAll && return append!(needs.todo, Any[type.var.ub, type.body])
    type isa DataType || return                                  # Union{}
    for parameter in type.parameters
        parameter isa Union{Type,TypeVar} && push!(needs.todo, parameter)
    end
    visit_module!(needs, parentmodule(type))
    of_session(parentmodule(type)) && return visit_own_type!(needs, type)
    # A function of a package may have methods of the session.
    type <: Function && isconcretetype(type) && visit_methods!(needs, type)
end

function visit_own_type!(needs::Needs, type::DataType)
    hidden, family = is_hidden(nameof(type)), Base.typename(type).wrapper
    hidden || parentmodule(type) === Main && visit_name!(needs, nameof(type))
    push!(needs.todo, supertype(type))
    isabstracttype(type) || append!(needs.todo, type.types)
    hidden || isabstracttype(type) || note_layout!(needs, Base.unwrap_unionall(family))
    isabstracttype(type) || visit_methods!(needs, isconcretetype(type) ? type : family)
    hidden || visit_methods!(needs, Type{family})
end

"The fields of a struct with their types, as they are written and compared."
function layout_text(type::DataType)
    names, types = fieldnames(type), fieldtypes(type)
    return join(String["$(names[k])::$(types[k])" for k in 1:length(names)], ";")
end
full_name(type::DataType) = join(String[string.(fullname(parentmodule(type)))[2:end]..., string(nameof(type))], ".")
note_layout!(needs::Needs, type::DataType) = needs.layout[full_name(type)] = layout_text(type)

# ---- methods: the globals that their lowered code reads

function methods_of(@nospecialize signature)
    found = Method[]
    for m in Base._methods_by_ftype(signature, -1, Base.get_world_counter())
        push!(found, m isa Core.SimpleVector ? m[3] : m.method)  # before 1.6 a plain vector of three
    end
    return found
end

# Before 1.9 each callable has a sorter of its own for calls with keywords; constructors share that of their kind.
function keyword_sorter(@nospecialize type)
    isdefined(Core, :kwcall) && return typeof(Core.kwcall)
    type isa UnionAll && return Union{}                          # a closure in several types: its methods are enough
    return Core.kwftype(type <: Type ? typeof(type.parameters[1]) : type)
end

function visit_methods!(needs::Needs, @nospecialize type)
    sorter = keyword_sorter(type)
    found = methods_of(Tuple{type,Vararg{Any}})
    sorter === Union{} || append!(found, methods_of(Tuple{sorter,Any,type,Vararg{Any}}))
    for method in found
        of_session(method.module) && visit_method!(needs, method)
    end
end

function visit_method!(needs::Needs, method::Method)
    is_first_visit!(needs, method) || return
    isdefined(method, :generator) && return push!(needs.todo, method.generator.gen)
    read_code!(needs, Base.uncompressed_ir(method).code)
    is_hidden(method.name) || add_source!(needs, method)         # closures are serialized with their code
end

function read_code!(needs::Needs, @nospecialize code)
    code isa Union{GlobalRef,Function,Type,Module} && return push!(needs.todo, code)
    code isa Union{QuoteNode,String,Symbol,Number,LineNumberNode,Nothing} && return
    parts = code isa Expr ? code.args : code isa Core.CodeInfo ? code.code : code
    parts isa Vector{Any} && return foreach_part!(needs, parts)
    parentmodule(typeof(code)) === Core || return
    for k in 1:nfields(code)                                     # return and goto nodes of newer Julias
        isdefined(code, k) && read_code!(needs, getfield(code, k))
    end
end
function foreach_part!(needs::Needs, parts::Vector{Any})
    for part in parts
        read_code!(needs, part)
    end
end

# ---- names of Main

function visit_name!(needs::Needs, name::Symbol)
    haskey(needs.kinds, name) && return
    needs.kinds[name] = kind_of(name)
    needs.kinds[name] === :unknown && return
    value = getfield(Main, name)
    needs.kinds[name] === :imported && return add_import!(needs, name, value)
    push!(needs.todo, value)
    is_hidden(name) && return                                    # Julia's name for a closure, made with its function
    needs.kinds[name] === :value && return add_value!(needs, name, value)
    needs.kinds[name] in (:type, :module, :macro) && add_named!(needs, name, needs.kinds[name])
end

function kind_of(name::Symbol)
    isdefined(Main, name) || return :unknown
    value = getfield(Main, name)
    value isa Module && return of_session(value) ? (value === Main ? :unknown : :module) : :imported
    owner_of(name) === Main || return :imported
    is_own = value isa Union{Type,Function} && nameof(value) === name && parentmodule(value) === Main
    is_own || return :value
    return value isa Type ? :type : startswith(string(name), '@') ? :macro : :function
end
owner_of(name::Symbol) = try which(Main, name) catch; Main end

function add_piece!(needs::Needs, name::Symbol, text::AbstractString, before::Set{Symbol})
    haskey(needs.pieces, name) || push!(needs.order, name)
    pieces = get!(() -> Piece[], needs.pieces, name)
    any(piece -> piece.text == text, pieces) || push!(pieces, Piece(text, delete!(copy(before), name)))
end

const HEADS = Dict{Symbol,Vector{Symbol}}(:module => [:module], :macro => [:macro],
                                          :type => [:struct, :abstract, :primitive])

"The definition of a type, module or macro by its name, the last of several; a type can also be written anew."
function add_named!(needs::Needs, name::Symbol, kind::Symbol)
    found = findlast(s -> defined(s.code) === name && is_headed(s.code, HEADS[kind]), needs.statements)
    found === nothing || return add_statement!(needs, name, needs.statements[found])
    kind === :type || no_source(name, "")
    add_piece!(needs, name, written_anew(Base.unwrap_unionall(getfield(Main, name))), Set{Symbol}())
end

function add_statement!(needs::Needs, name::Symbol, statement::Statement)
    is_definition = defined(statement.code) !== nothing || extended(statement.code) !== nothing
    before = is_definition ? eager(statement.code) : symbols(statement.code)
    add_piece!(needs, name, statement.text, before)
    for symbol in before
        isdefined(Main, symbol) && visit_name!(needs, symbol)
    end
end

"The statement that made a method, found by file and line."
function add_source!(needs::Needs, method::Method)
    file, line = string(method.file), Int(method.line)
    statement = find_statement(needs, file, line, method.name)
    if statement === nothing
        is_constructor = Base.unwrap_unionall(method.sig).parameters[1] <: Type
        return is_constructor || no_source(method.name, " ($file:$line)")
    end
    method.module === Main || !is_headed(statement.code, HEADS[:module]) || return       # the module comes as a whole
    own = defined(statement.code)
    own === nothing || visit_name!(needs, own)
    is_ours = own !== nothing && needs.kinds[own] !== :imported
    add_statement!(needs, is_ours ? own : Symbol(file, ":", first(statement.lines)), statement)
end

no_source(name::Symbol, place::String) = reject(
    "The model needs `$name`$place, which is defined in this session, and its source is not known here.",
    "Define it in the notebook or script itself, or give definitions = \"…\", the source of all the model needs.")

"""
The statement on a line; of several, the last that defines `name`, else the last that defines anything. A file that the
session included is read when the first of its methods is met.
"""
function find_statement(needs::Needs, file::String, line::Int, name::Symbol)
    known = any(s -> s.file == file, needs.statements)
    known || !isfile(file) || prepend!(needs.statements, statements(file, read(file, String)))
    here = filter(s -> s.file == file && line in s.lines, needs.statements)
    for is_meant in (s -> defined(s.code) === name, s -> extended(s.code) !== nothing, s -> true)
        found = findlast(is_meant, here)
        found === nothing || return here[found]
    end
    return nothing
end

# ---- methods that the session adds to other functions for its own types, such as `Base.length(m::Model)`

function extend_types!(needs::Needs)
    types = Set{Symbol}(name for (name, kind) in needs.kinds if kind === :type)
    for statement in needs.statements
        called = foreign_function(statement.code)
        called isa Function && is_at_hand(needs, called) || continue
        isempty(intersect(types, eager(statement.code))) && continue
        for method in methods(called).ms
            method.module === Main && string(method.file) == statement.file && method.line in statement.lines &&
                visit_method!(needs, method)
        end
    end
end

# A method for a plotting package must not bring that package into the host.
function is_at_hand(needs::Needs, @nospecialize called)
    home = Base.moduleroot(parentmodule(called))
    return is_julias_own(home) || Base.PkgId(home) in needs.packages
end

function foreign_function(@nospecialize code)
    target = extended(code)
    target === nothing || return try dotted(target) catch; nothing end
    own = defined(code)
    return own !== nothing && kind_of(own) === :imported ? getfield(Main, own) : nothing
end
function dotted(@nospecialize path)
    path isa Symbol && return getfield(Main, path)
    return path.head === :. ? getfield(dotted(path.args[1]), path.args[2].value) : nothing
end

# ---- imports

"The import of the session that brings `name`, or one that does the same."
function add_import!(needs::Needs, name::Symbol, @nospecialize value)
    owner = value isa Module ? value : owner_of(name)
    visit_module!(needs, owner)
    for statement in needs.statements, code in imports(statement.code)
        brings(code, name) && return add_piece!(needs, name, string(code), symbols(code))
    end
    is_julias_own(owner) && (value isa Module || Base.isexported(Base, name) || Base.isexported(Core, name)) && return
    text = value isa Module ? "import $(join(fullname(value), "."))" : "using $(join(fullname(owner), ".")): $name"
    add_piece!(needs, name, text, Set{Symbol}())
end

"`using A, B: c` as one expression per module."
function imports(@nospecialize code)
    code isa Expr && code.head in (:using, :import) || return Expr[]
    return Expr[Expr(code.head, argument) for argument in code.args]
end

function brings(code::Expr, name::Symbol)
    argument = code.args[1]
    argument.head === :(:) && return any(part -> last(part.args) === name, argument.args[2:end])
    last(argument.args) === name && return true
    code.head === :using || return false
    m = Main
    for part in argument.args
        m = part === :. ? m : m isa Module && isdefined(m, part) ? getfield(m, part) : nothing
    end
    return m isa Module && m !== Main && Base.isexported(m, name)
end
