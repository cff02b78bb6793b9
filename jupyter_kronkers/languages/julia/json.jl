# ---- JSON

"`value` as JSON text; NaN and the infinities, which JSON lacks, become null."
json(value) = sprint(write_json, value)
write_json(io, ::Union{Nothing,Missing}) = print(io, "null")
write_json(io, value::Union{Bool,Integer}) = print(io, value)
write_json(io, value::Real) = isfinite(value) ? print(io, Float64(value)) : print(io, "null")
write_json(io, value) = write_json(io, string(value))
write_json(io, value::Union{NamedTuple,AbstractDict}) = write_items(io, '{', '}', pairs(value), (io, (key, item)) ->
    (write_json(io, string(key)); print(io, ':'); write_json(io, item)))
write_json(io, value::Union{AbstractVector,Tuple,AbstractSet}) = write_items(io, '[', ']', value, write_json)
function write_items(io, opening, closing, items, write_item)
    print(io, opening)
    for (k, item) in enumerate(items)
        k > 1 && print(io, ',')
        write_item(io, item)
    end
    print(io, closing)
end
function write_json(io, text::AbstractString)
    print(io, '"')
    for char in text
        char == '"' ? print(io, "\\\"") : char == '\\' ? print(io, "\\\\") :
        char < ' ' ? print(io, "\\u", string(UInt32(char), base = 16, pad = 4)) :
        print(io, isvalid(char) ? char : '\ufffd')
    end
    print(io, '"')
end

