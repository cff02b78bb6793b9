# Frames (../frames.md) with Julia's standard library: tables to and from bytes.
#
# A table is (kind, id, rows, names, columns): `columns` a vector of vectors, with `missing` where a value is missing.
# This text is also sent to live kernels in front of capture.jl, inside a private module, so it opens no module itself.

using Dates: Date, DateTime, format, millisecond

const LARGEST_BODY = 1 << 30
const THE_NAN = 0x7ff8000000000000

"The bytes are not a frame, or the table cannot be written as one."
struct BadFrame <: Exception
    message::String
end
Base.showerror(io::IO, error::BadFrame) = print(io, error.message)

bad_frame(parts...) = throw(BadFrame(string(parts...)))

# ---- writing

"""
    encode_frame(kind, id, names, columns; rows = nothing) -> Vector{UInt8}

The frame's bytes, with the length before the body. `rows` is needed only when there are no columns.
"""
function encode_frame(kind, id, names, columns; rows = nothing)
    count = isempty(columns) ? something(rows, 0) : length(first(columns))
    rows === nothing || rows == count || bad_frame(rows, " rows were promised, the columns have ", count)
    length(names) == length(columns) <= 0xffff || bad_frame(length(columns), " columns, ", length(names), " names")
    allunique(string.(names)) || bad_frame("a column name occurs twice")
    io = IOBuffer()
    write(io, UInt32(0), "KF1\n", UInt8(kind), htol(UInt64(id)), htol(UInt32(count)), htol(UInt16(length(columns))))
    for (name, column) in zip(names, columns)
        length(column) == count || bad_frame("column '", name, "' has another length")
        encode_column(io, string(name), column)
    end
    size = position(io) - 4
    size <= LARGEST_BODY || bad_frame("the table takes ", size, " bytes, a frame holds ", LARGEST_BODY)
    seekstart(io)
    write(io, htol(UInt32(size)))
    return take!(io)
end

function encode_column(io, name, column)
    sizeof(name) <= 0xffff && isvalid(name) || bad_frame("a column name is longer than 65,535 bytes or not UTF-8")
    missings = UInt8[ismissing(value) for value in column]
    masked = any(!iszero, missings)
    kind = frame_kind(name, column)
    write(io, htol(UInt16(sizeof(name))), name, UInt8(kind), UInt8(masked))
    masked && write(io, missings)
    encode_values(io, name, Val(kind), column)
end

# The type of a column of Any is that of its values, so that `Any[1, missing]` is an integer column.
function frame_kind(name, column)
    type = nonmissingtype(eltype(column))
    isconcretetype(type) || (type = mapreduce(typeof, promote_type, skipmissing(column); init = Union{}))
    type === Union{} && return 0
    type <: Bool && return 2
    type <: Integer && return 1
    type <: Real && return 0
    type <: Union{AbstractString,Symbol,AbstractChar,Date,DateTime} && return 3
    # CategoricalArrays' values are no strings, but know one; named, because that package is not ours to load.
    nameof(type) in (:CategoricalValue, :CategoricalString) && return 3
    all(value -> value isa Union{AbstractString,Symbol,AbstractChar}, skipmissing(column)) && return 3
    bad_frame("column '", name, "' holds ", type, ", which a frame cannot hold")
end

encode_values(io, name, ::Val{2}, column) = write(io, UInt8[ismissing(v) ? false : v for v in column])
encode_values(io, name, ::Val{0}, column) = write(io, UInt64[htol(float_bits(v)) for v in column])

# There are many NaNs; the frame knows one.
function float_bits(value)
    ismissing(value) && return UInt64(0)
    float = Float64(value)
    return isnan(float) ? THE_NAN : reinterpret(UInt64, float)
end

function encode_values(io, name, ::Val{1}, column)
    whole(value) = ismissing(value) ? Int64(0) : Int64(value)
    try
        write(io, Int64[htol(whole(value)) for value in column])
    catch error
        error isa InexactError || rethrow()
        bad_frame("column '", name, "' has integers beyond 64 bits with sign")
    end
end

function encode_values(io, name, ::Val{3}, column)
    texts = String[ismissing(value) ? "" : frame_text(value) for value in column]
    all(isvalid, texts) || bad_frame("column '", name, "' holds text that is not UTF-8")
    write(io, UInt32[htol(UInt32(sizeof(text))) for text in texts])
    for text in texts
        write(io, text)
    end
end

frame_text(value) = string(value)
frame_text(value::Date) = format(value, "yyyy-mm-dd")
function frame_text(value::DateTime)
    text = format(value, "yyyy-mm-ddTHH:MM:SS")
    thousandths = millisecond(value)
    return iszero(thousandths) ? text : text * "." * rstrip(lpad(string(thousandths), 3, '0'), '0')
end

# ---- reading

"""
    decode_frame(body) -> (kind, id, rows, names, columns)

The table in `body`, the bytes after the length. Throws `BadFrame`.
"""
function decode_frame(body::AbstractVector{UInt8})
    io = IOBuffer(body)
    need(io, 19, "the head")
    read(io, 4) == b"KF1\n" || bad_frame("the bytes do not start with KF1")
    kind = Int(read(io, UInt8))
    kind <= 3 || bad_frame("kind ", kind, " is unknown")
    id = ltoh(read(io, UInt64))
    rows = Int(ltoh(read(io, UInt32)))
    count = Int(ltoh(read(io, UInt16)))
    names, columns = String[], Any[]
    for _ in 1:count
        name, column = decode_column(io, rows)
        push!(names, name)
        push!(columns, column)
    end
    eof(io) || bad_frame(bytesavailable(io), " bytes are left over")
    allunique(names) || bad_frame("a column name occurs twice")
    return (kind = kind, id = id, rows = rows, names = names, columns = columns)
end

function need(io, size, what)
    size <= bytesavailable(io) || bad_frame(what, " needs ", size, " bytes, ", bytesavailable(io), " are left")
end

function decode_column(io, rows)
    need(io, 2, "a name's length")
    size = Int(ltoh(read(io, UInt16)))
    need(io, size + 2, "a name")
    name = frame_string(read(io, size), "a column name")
    kind, hasmask = Int(read(io, UInt8)), Int(read(io, UInt8))
    kind <= 3 && hasmask <= 1 || bad_frame("column '", name, "' has dtype ", kind, " and hasmask ", hasmask)
    mask = hasmask == 1 ? decode_flags(io, name, rows) : nothing
    values = decode_values(io, name, Val(kind), rows)
    return name, mask === nothing ? values : with_missing(values, mask)
end

function with_missing(values::AbstractVector{T}, mask) where {T}
    column = Vector{Union{Missing,T}}(values)
    column[mask] .= missing
    return column
end

function decode_flags(io, name, rows)
    need(io, rows, "column '$name'")
    flags = read(io, rows)
    all(flag -> flag <= 0x01, flags) || bad_frame("column '", name, "' has a flag that is neither 0 nor 1")
    return Vector{Bool}(flags)
end

decode_values(io, name, ::Val{2}, rows) = decode_flags(io, name, rows)
decode_values(io, name, ::Val{0}, rows) = decode_numbers(io, name, Float64, rows)
decode_values(io, name, ::Val{1}, rows) = decode_numbers(io, name, Int64, rows)

function decode_numbers(io, name, type, rows)
    need(io, 8 * rows, "column '$name'")
    return ltoh.(read!(io, Vector{type}(undef, rows)))
end

function decode_values(io, name, ::Val{3}, rows)
    need(io, 4 * rows, "the lengths of '$name'")
    sizes = Int.(ltoh.(read!(io, Vector{UInt32}(undef, rows))))
    need(io, sum(sizes), "the text of '$name'")
    return String[frame_string(read(io, size), "column '$name'") for size in sizes]
end

function frame_string(bytes, what)
    text = String(bytes)
    isvalid(text) || bad_frame(what, " is not UTF-8")
    return text
end

# ---- streams

"The bytes after the length of the next frame; `nothing` at the end of the stream."
function read_body(io::IO)
    eof(io) && return nothing
    size = Int(ltoh(first(reinterpret(UInt32, read_exactly(io, 4)))))
    19 <= size <= LARGEST_BODY || bad_frame("a frame of ", size, " bytes is announced; 19 to ", LARGEST_BODY, " are possible")
    return read_exactly(io, size)
end

# `read(io, size)` asks for the end of a stream after its last byte, and waits for ever on a pipe that stays open.
# In pieces, so that a length without a body behind it costs no memory.
function read_exactly(io, size)
    taken = UInt8[]
    try
        while length(taken) < size
            append!(taken, read!(io, Vector{UInt8}(undef, min(size - length(taken), 1 << 20))))
        end
    catch error
        error isa EOFError || rethrow()
        bad_frame("the stream ends within a frame")
    end
    return taken
end

"The next table of a binary stream; `nothing` at its end. Throws `BadFrame`."
function read_frame(io::IO)
    body = read_body(io)
    return body === nothing ? nothing : decode_frame(body)
end

"Write one frame and flush it."
function write_frame(io::IO, kind, id, names, columns; rows = nothing)
    write(io, encode_frame(kind, id, names, columns; rows = rows))
    flush(io)
end
