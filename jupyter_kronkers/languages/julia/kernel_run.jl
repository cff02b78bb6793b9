# Running cells, statement by statement: `using X; x"…"` needs X before its second half can even be read.

"""
Run the cell `code`. `file` is what stack traces call it; `silent` is "1" when nothing may be shown, counted or kept.
"""
function run_cell(code, file, silent)
    quiet = silent == "1"
    quiet || push!(CELLS, file => code)
    drop_late_interrupt()
    try
        value = Base.reenable_sigint(() -> run_user_code(code, file))
        quiet || keep(value, code)
    catch error
        return send("failed", mark_output(), told(error, catch_backtrace())...)
    end
    send("done", mark_output())
end

"Remember the value as `ans`, and show it unless the cell ends with a semicolon."
function keep(value, code)
    set_ans(value)
    (value === nothing || REPL.ends_with_semicolon(code)) && return
    parts = Base.reenable_sigint(() -> bundle(value))
    send("result", mark_output(), parts...)
end
set_ans(value) = Core.eval(Main, Expr(:(=), :ans, QuoteNode(value)))

"One of the user expressions of a request; it never touches `ans`."
function give_value(code)
    try
        parts = Base.reenable_sigint(() -> bundle(run_user_code(code, "expression")))
        send("value", mark_output(), "ok", parts...)
    catch error
        send("value", mark_output(), "error", told(error, catch_backtrace())...)
    end
end

# An interrupt sent while the cell before was ending must not hit this one.
function drop_late_interrupt()
    try
        Base.reenable_sigint(yield)
    catch error
        error isa InterruptException || rethrow()
    end
end

"""
A top-level loop may assign globals, as at Julia's prompt. Julia's own rewriting (`REPL.softscope`) is the same,
but has moved between versions.
"""
function soft(@nospecialize code)
    code isa Expr || return code
    code.head === :toplevel && return Expr(:toplevel, map(soft, code.args)...)
    code.head in (:meta, :import, :using, :export, :module, :error, :incomplete, :thunk, :global, :const) && return code
    return Expr(:block, Expr(:softscope, true), code)
end

@noinline function run_user_code(code, file)
    parsed = Base.parse_input_line(code; filename = file)
    todo = parsed isa Expr && parsed.head === :toplevel ? reverse(parsed.args) : Any[parsed]
    broken = findfirst(is_broken, todo)
    broken === nothing || Core.eval(Main, todo[broken])      # throws: with a syntax error nothing of the cell is run
    line, value = LineNumberNode(1, Symbol(file)), nothing
    while !isempty(todo)
        next = pop!(todo)
        if next isa LineNumberNode
            line = next
        elseif next isa Expr && next.head === :toplevel
            append!(todo, reverse(next.args))
        else
            value = Core.eval(Main, Expr(:toplevel, line, soft(next)))
        end
    end
    return value
end
is_broken(code) = code isa Expr && code.head in (:error, :incomplete)

# ---- errors

inner(error) = error
inner(error::Union{LoadError,InitError}) = inner(error.error)

"An error for the notebook: its class, its message, and the lines of its trace."
function told(error, backtrace)
    error = inner(error)
    message = try
        sprint((io, e) -> Base.invokelatest(showerror, in_notebook(io), e), error)
    catch
        "(the message of this error cannot be shown)"
    end
    return string(nameof(typeof(error))), message, join(vcat(message, trace_lines(backtrace)), "\n")
end

function trace_lines(backtrace)
    frames = user_frames(stacktrace(backtrace))
    isempty(frames) && return String[]
    shown = [" [$k] $(sprint(show, frame))" for (k, frame) in enumerate(frames[1:min(end, 40)])]
    return vcat("Stacktrace:", shown, length(frames) > 40 ? [" … $(length(frames) - 40) more"] : String[])
end

"The frames of the user's own code: what lies above `run_user_code`, without the machinery that evaluates a statement."
function user_frames(frames)
    ours = findfirst(frame -> frame.func === :run_user_code, frames)
    frames = ours === nothing ? frames : frames[1:ours-1]
    machinery(frame) = frame.func in (:eval, :include_string) || String(frame.file) == "boot.jl"
    kept = findlast(!machinery, frames)
    return kept === nothing ? frames[1:0] : frames[1:kept]
end
