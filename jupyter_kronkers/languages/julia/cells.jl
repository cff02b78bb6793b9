# The texts that a session keeps of what it ran: our kernel's cells, IJulia's, the script's, the prompt's.

"The module of a loaded package by its name, or nothing."
function loaded(name::String)
    for (id, m) in Base.loaded_modules
        id.name == name && return m
    end
    return nothing
end

const Texts = Vector{Pair{String,String}}

"Everything the session has run as `file => text`, oldest first: our kernel's cells, IJulia's, the script, the prompt."
function session_texts()
    kernel, ijulia = loaded("KronkersKernel"), loaded("IJulia")
    kernel === nothing || return copy(kernel.CELLS)
    ijulia === nothing || return ijulia_texts(ijulia)
    isfile(PROGRAM_FILE) && return Texts([abspath(PROGRAM_FILE) => read(PROGRAM_FILE, String)])
    return isdefined(Base, :active_repl) ? prompt_texts(Base.active_repl) : Texts()
end

# IJulia 2 keeps its cells in the object of its kernel.
function ijulia_texts(ijulia::Module)
    cells = isdefined(ijulia, :In) ? ijulia.In : ijulia._default_kernel.In
    return Texts(["In[$n]" => cells[n] for n in sort!(collect(keys(cells)))])
end

# The prompt's inner parts are not promised to stay; without them the source is simply not known.
function prompt_texts(@nospecialize repl)
    try
        history = repl.interface.modes[1].hist
        typed = history.history[history.start_idx+1:end]
        return Texts(["REPL[$n]" => typed[n] for n in 1:length(typed)])
    catch
        return Texts()
    end
end
