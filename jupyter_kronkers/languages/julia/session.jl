# ---- sources: the text of the session's statements

"One top-level statement: its text, its code, and the lines of `file` it stands on."
struct Statement
    text::String
    code::Any
    file::String
    lines::UnitRange{Int}
end

function statements(file::String, text::String)
    found, position = Statement[], 1
    while position <= ncodeunits(text)
        code, next = Meta.parse(text, position; raise = false)
        code isa Expr && code.head in (:error, :incomplete) && break
        piece = lstrip(SubString(text, position, prevind(text, next)))
        line = 1 + newlines(SubString(text, 1, thisind(text, piece.offset)))
        add_statements!(found, rstrip(piece), code, file, line:line+newlines(rstrip(piece)))
        position = next
    end
    return found
end

newlines(text) = count(==('\n'), text)

# `a = 1; f(x) = a` is one piece of text and two statements, of which a model may need only one.
function add_statements!(found::Vector{Statement}, text, @nospecialize(code), file::String, lines::UnitRange{Int})
    (code === nothing || code isa LineNumberNode) && return
    code isa Expr && code.head === :toplevel || return push!(found, Statement(text, code, file, lines))
    for part in code.args
        add_statements!(found, string(part), part, file, lines)
    end
end

function kernel_name()
    loaded("KronkersKernel") === nothing || return "julia-kronkers"
    return loaded("IJulia") === nothing ? nothing : "julia-$(VERSION.major).$(VERSION.minor)"
end

# ---- reading code

"The symbols anywhere in `code`."
symbols(@nospecialize code) = collect_symbols!(Set{Symbol}(), code)
function collect_symbols!(found::Set{Symbol}, @nospecialize code)
    code isa Symbol && push!(found, code)
    code isa Expr || return found
    for part in code.args
        collect_symbols!(found, part)
    end
    return found
end

"The symbols that must exist when a definition is run: macros, and what stands behind `::` and beside `<:`."
eager(@nospecialize code) = collect_eager!(Set{Symbol}(), code)
function collect_eager!(found::Set{Symbol}, @nospecialize code)
    code isa Expr || return found
    code.head === :(::) && collect_symbols!(found, code.args[end])
    code.head in (:<:, :>:, :comparison) && collect_symbols!(found, code)
    code.head === :macrocall && collect_symbols!(found, code.args[1])
    for part in code.args
        collect_eager!(found, part)
    end
    return found
end

"The name that `code` defines or assigns at top level; nothing where it is something else."
function defined(@nospecialize code)
    code isa Expr || return nothing
    head, args = code.head, code.args
    head === :macrocall && return defined(args[end])
    head in (:const, :global) && return defined(args[1])
    head in (:struct, :module) && return bare(args[2])
    head in (:abstract, :primitive, :(=), :function) && return bare(args[1])
    head === :macro && return Symbol("@", bare(args[1]))
    return nothing
end

"The name in a signature or a type's head: `f` for `f(x::T) where T`, `A` for `A{T} <: B`; nothing for `Base.show(…)`."
function bare(@nospecialize code)
    code isa Symbol && return code
    code isa Expr || return nothing
    named = code.head in (:call, :where, :curly, :<:) || is_typed_call(code)
    return named ? bare(code.args[1]) : nothing
end
is_typed_call(code::Expr) = code.head === :(::) && code.args[1] isa Expr && code.args[1].head in (:call, :where)

"What a method definition extends when that is not a name of its own: `Base.show`, or an object, `(m::T)(x)`."
function extended(@nospecialize code)
    code isa Expr || return nothing
    code.head === :macrocall && return extended(code.args[end])
    code.head in (:(=), :function) || return nothing
    call = code.args[1]
    while call isa Expr && call.head in (:where, :(::))
        call = call.args[1]
    end
    return call isa Expr && call.head === :call && call.args[1] isa Expr ? call.args[1] : nothing
end

"Whether a definition, macros and documentation aside, is a `struct`, `module`, … "
function is_headed(@nospecialize(code), heads::Vector{Symbol})
    code isa Expr || return false
    return code.head in heads || code.head === :macrocall && is_headed(code.args[end], heads)
end
