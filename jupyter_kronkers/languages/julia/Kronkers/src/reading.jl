# Reading JSON: objects become Dict{String,Any}, arrays Vector{Any}, null nothing.

mutable struct JsonReader
    text::String
    at::Int
end

"The value that JSON text stands for. Throws `KronkersError` where it is none."
function read_json(text::AbstractString)
    reader = JsonReader(String(text), 1)
    value = read_value(reader)
    skip_space(reader)
    reader.at > ncodeunits(reader.text) || not_json(reader)
    return value
end

not_json(reader) = reject("This is no JSON, from byte $(reader.at) on: $(first(reader.text, 100))")
peek_char(reader) = reader.at <= ncodeunits(reader.text) ? reader.text[reader.at] : '\0'
step(reader) = reader.at = nextind(reader.text, reader.at)

function skip_space(reader::JsonReader)
    while peek_char(reader) in (' ', '\t', '\r', '\n')
        step(reader)
    end
end

function expect(reader::JsonReader, word::String)
    startswith(SubString(reader.text, reader.at), word) || not_json(reader)
    reader.at += ncodeunits(word)
end

function read_value(reader::JsonReader)
    skip_space(reader)
    char = peek_char(reader)
    char == '{' && return read_object(reader)
    char == '[' && return read_array(reader)
    char == '"' && return read_string(reader)
    char == 't' && (expect(reader, "true"); return true)
    char == 'f' && (expect(reader, "false"); return false)
    char == 'n' && (expect(reader, "null"); return nothing)
    return read_number(reader)
end

function read_items(read_item::Function, reader::JsonReader, closing::Char)
    step(reader)
    skip_space(reader)
    peek_char(reader) == closing && return step(reader)
    while true
        read_item()
        skip_space(reader)
        char = peek_char(reader)
        char in (',', closing) || not_json(reader)
        step(reader)
        char == closing && return
    end
end

function read_array(reader::JsonReader)
    found = Any[]
    read_items(() -> push!(found, read_value(reader)), reader, ']')
    return found
end

function read_object(reader::JsonReader)
    found = Dict{String,Any}()
    read_items(reader, '}') do
        skip_space(reader)
        name = read_string(reader)
        skip_space(reader)
        expect(reader, ":")
        found[name] = read_value(reader)
    end
    return found
end

const ESCAPES = Dict('n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f',
                     '"' => '"', '\\' => '\\', '/' => '/')

function read_string(reader::JsonReader)
    expect(reader, "\"")
    io = IOBuffer()
    while (char = peek_char(reader)) != '"'
        reader.at <= ncodeunits(reader.text) || not_json(reader)
        step(reader)
        print(io, char == '\\' ? read_escape(reader) : char)
    end
    step(reader)
    return String(take!(io))
end

function read_escape(reader::JsonReader)
    char = peek_char(reader)
    step(reader)
    char == 'u' || return get(() -> not_json(reader), ESCAPES, char)
    unit = read_unit(reader)
    0xd800 <= unit < 0xdc00 || return Char(unit)
    expect(reader, "\\u")                               # beyond 16 bits: two units
    return Char(0x10000 + ((unit - 0xd800) << 10) + (read_unit(reader) - 0xdc00))
end

function read_unit(reader::JsonReader)
    digits = match(r"^[0-9a-fA-F]{4}", SubString(reader.text, reader.at))
    digits === nothing && not_json(reader)
    reader.at += 4
    return parse(UInt32, digits.match; base = 16)
end

function read_number(reader::JsonReader)
    found = match(r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", SubString(reader.text, reader.at))
    found === nothing && not_json(reader)
    reader.at += ncodeunits(found.match)
    whole = tryparse(Int64, found.match)
    return whole === nothing ? parse(Float64, found.match) : whole
end
