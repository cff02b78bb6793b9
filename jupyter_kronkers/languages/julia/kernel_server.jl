"""
The Julia side of Kronkers' kernel, driven by kernel.py over a socket. Julia's standard library only, 1.5 and later.

One task does everything, so that an interrupt always lands in the user's code, never in a reader. Signals are off
except while user code runs.

    parent ─▶ run | value | complete | inspect | is_complete | quit
    julia  ─▶ hello, then for `run` any number of display | result, and last done | failed; else one answer
"""
module KronkersKernel

using Base64: base64encode
using Sockets: connect
import REPL
import REPL.REPLCompletions

# What the kernel itself does is short; compiling it well would cost more than it saves.
isdefined(Base, :Experimental) && isdefined(Base.Experimental, Symbol("@optlevel")) &&
    @eval Base.Experimental.@optlevel 1

"Every cell the user has run, as `file => text`, oldest first. capture.jl reads the source of definitions here."
const CELLS = Pair{String,String}[]

include("kernel_wire.jl")
include("kernel_show.jl")
include("kernel_run.jl")
include("kernel_ask.jl")

const ANSWERS = Dict{String,Function}("run" => run_cell, "value" => give_value, "complete" => complete,
                                      "inspect" => inspect_name, "is_complete" => tell_complete)

"Answer the parent's requests until it says quit or is gone."
function serve(path, mark)
    open_wire(path, mark)
    # C's printf goes line by line, as it would in a terminal.
    c_stdout, by_line = unsafe_load(cglobal(:stdout, Ptr{Ptr{Cvoid}})), 1
    ccall(:setvbuf, Cint, (Ptr{Cvoid}, Ptr{Cvoid}, Cint, Csize_t), c_stdout, C_NULL, by_line, 0)
    Base.exit_on_sigint(false)
    pushdisplay(CellDisplay())
    set_ans(nothing)
    send("hello", string(VERSION), string(getpid()))
    # An interrupt that comes too late must not spoil the exit either.
    Base.disable_sigint(() -> (answer_all(); exit(0)))
end

function answer_all()
    while true
        request = receive()
        (isempty(request) || first(request) == "quit") && return
        Base.invokelatest(ANSWERS[first(request)], request[2:end]...)
    end
end

end
