# ---- sources: the text of the session's statements

"One top-level statement: its text, its code, and the lines of `file` it stands on."
struct Statement
    text::String
    code::Any
    file::String
    lines::UnitRange{Int}
end

function statements(file, text)
    found, position = Statement[], 1
    while position <= ncodeunits(text)
        code, next = Meta.parse(text, position; raise = false)
        code isa Expr && code.head in (:error, :incomplete) && break
        piece = SubString(text, position, prevind(text, next))
        line = count(==('\n'), SubString(text, 1, prevind(text, position))) + 1
        code === nothing || push!(found, Statement(strip(piece), code, file, line:line+count(==('\n'), piece)))
        position = next
    end
    return found
end

loaded(name) = first_or_nothing(m for (id, m) in Base.loaded_modules if id.name == name)
first_or_nothing(items) = (for item in items; return item; end; nothing)

"Everything the session has run as `file => text`, oldest first: our kernel's cells, IJulia's, the script, the prompt."
function session_texts()
    kernel, ijulia = loaded("KronkersKernel"), loaded("IJulia")
    kernel === nothing || return copy(kernel.CELLS)
    ijulia === nothing || return ["In[$n]" => ijulia.In[n] for n in sort!(collect(keys(ijulia.In)))]
    isfile(PROGRAM_FILE) && return [abspath(PROGRAM_FILE) => read(PROGRAM_FILE, String)]
    return isdefined(Base, :active_repl) ? prompt_texts(Base.active_repl) : Pair{String,String}[]
end

# The prompt's inner parts are not promised to stay; without them the source is simply not known.
function prompt_texts(repl)
    try
        history = repl.interface.modes[1].hist
        typed = history.history[history.start_idx+1:end]
        return ["REPL[$n]" => text for (n, text) in enumerate(typed)]
    catch
        return Pair{String,String}[]
    end
end

kernel_name() = loaded("KronkersKernel") !== nothing ? "julia-kronkers" :
                loaded("IJulia") !== nothing ? "julia-$(VERSION.major).$(VERSION.minor)" : nothing

# ---- reading code

"The symbols anywhere in `code`."
symbols(code) = symbols!(Set{Symbol}(), code)
symbols!(found, code::Symbol) = push!(found, code)
symbols!(found, code::QuoteNode) = found
symbols!(found, code::Expr) = (foreach(part -> symbols!(found, part), code.args); found)
symbols!(found, code) = found

"The symbols that must exist when a definition is run: macros, and what stands behind `::` and beside `<:`."
eager(code) = eager!(Set{Symbol}(), code)
eager!(found, code) = found
function eager!(found, code::Expr)
    code.head === :(::) && symbols!(found, code.args[end])
    code.head in (:<:, :>:, :comparison) && symbols!(found, code)
    code.head === :macrocall && symbols!(found, code.args[1])
    foreach(part -> eager!(found, part), code.args)
    return found
end

"The name that `code` defines or assigns at top level, and how; `nothing` where it is something else."
defined(code) = nothing
function defined(code::Expr)
    code.head === :macrocall && return defined(code.args[end])
    code.head in (:const, :global) && return defined(code.args[1])
    code.head === :struct && return bare(code.args[2])
    code.head in (:abstract, :primitive) && return bare(code.args[1])
    code.head === :module && return code.args[2]
    code.head === :macro && return Symbol("@", bare(code.args[1]))
    code.head in (:(=), :function) && return bare(code.args[1])
    return nothing
end

"The name in a signature or a type's head: `:f` for `f(x::T) where T`, `:A` for `A{T} <: B`; `nothing` for `Base.show(…)`."
bare(code::Symbol) = code
bare(code) = nothing
bare(code::Expr) = code.head in (:call, :where, :curly, :<:) || is_typed_call(code) ? bare(code.args[1]) : nothing
is_typed_call(code) = code.head === :(::) && code.args[1] isa Expr && code.args[1].head in (:call, :where)

"What a method definition extends when that is not a name of its own: `Base.show`, or an object, `(m::T)(x)`."
extended(code) = nothing
function extended(code::Expr)
    code.head === :macrocall && return extended(code.args[end])
    code.head in (:(=), :function) || return nothing
    call = code.args[1]
    while call isa Expr && call.head in (:where, :(::))
        call = call.args[1]
    end
    return call isa Expr && call.head === :call && call.args[1] isa Expr ? call.args[1] : nothing
end

