# The wire to kernel.py: messages of strings. u32 length | (u32 length | bytes) × fields, little-endian.
#
# What the user prints goes through the process's own stdout and stderr. Before a display or an answer a mark is
# written into both, and its number travels in the message: the parent waits for it, so that order is kept.

"The socket, and the handles of stdout and stderr as they were at start, which `redirect_stdout` cannot move."
mutable struct Wire
    socket::Any
    printed::Vector{Any}
    mark::String
    marks::UInt32
end
const WIRE = Wire(nothing, Any[], "", 0)

function open_wire(path, mark)
    WIRE.socket = connect(path)
    WIRE.printed = Any[stdout, stderr]
    WIRE.mark = mark
end

function send(fields::AbstractString...)
    body = IOBuffer()
    for field in fields
        write(body, htol(UInt32(sizeof(field))), field)
    end
    bytes = take!(body)
    whole = IOBuffer()
    write(whole, htol(UInt32(length(bytes))), bytes)
    write(WIRE.socket, take!(whole))
    nothing
end

"The next message; empty when the parent is gone. A late interrupt is dropped here: nothing of the user's runs."
function receive()
    while true
        try
            size = ltoh(read(WIRE.socket, UInt32))
            return fields(read(WIRE.socket, size))
        catch error
            error isa InterruptException && continue
            error isa Union{EOFError,Base.IOError} && return String[]
            rethrow()
        end
    end
end

function fields(body)
    io, found = IOBuffer(body), String[]
    while !eof(io)
        push!(found, String(read(io, ltoh(read(io, UInt32)))))
    end
    return found
end

"Mark both outputs; gives the mark's number for the message that must come after what was printed so far."
function mark_output()
    Base.Libc.flush_cstdio()
    WIRE.marks += UInt32(1)
    number = string(WIRE.marks, base = 16, pad = 8)
    for handle in WIRE.printed
        try
            flush(handle)
            write(handle, WIRE.mark, number)
        catch error
            error isa Union{Base.IOError,ArgumentError} || rethrow()    # the user closed it
        end
    end
    return number
end
