# JSON text, and objects to write as such.
#
# This text, like all that is sent to a live session, runs once in a private module: what it takes is Julia compiling
# it. So values travel as Any, loops stand where generators would, and methods are not specialized.

isdefined(Base, :Experimental) && isdefined(Base.Experimental, Symbol("@optlevel")) &&
    @eval Base.Experimental.@optlevel 0

"A JSON object: names with values, in order."
const JsonObject = Vector{Pair{String,Any}}

"`object(\"name\", value, …)`."
function object(@nospecialize parts...)
    made = JsonObject()
    for k in 1:2:length(parts)
        push!(made, Pair{String,Any}(parts[k], parts[k+1]))
    end
    return made
end

"`value` as JSON text; NaN and the infinities, which JSON lacks, become null."
function json(@nospecialize value)
    io = IOBuffer()
    write_json(io, value)
    return String(take!(io))
end

write_json(io::IOBuffer, @nospecialize value) = write_json(io, string(value))
write_json(io::IOBuffer, ::Nothing) = print(io, "null")
write_json(io::IOBuffer, ::Missing) = print(io, "null")
write_json(io::IOBuffer, @nospecialize value::Integer) = print(io, string(value))
write_json(io::IOBuffer, @nospecialize value::Real) = print(io, isfinite(value) ? string(Float64(value)) : "null")

function write_json(io::IOBuffer, @nospecialize values::Union{AbstractVector,Tuple,AbstractSet})
    print(io, '[')
    rest = false
    for value in values
        rest && print(io, ',')
        rest = true
        write_json(io, value)
    end
    print(io, ']')
end

write_json(io::IOBuffer, @nospecialize value::Union{NamedTuple,AbstractDict}) = write_json(io, object_of(value))
function object_of(@nospecialize named)
    made = JsonObject()
    for key in keys(named)
        push!(made, Pair{String,Any}(string(key), named[key]))
    end
    return made
end

function write_json(io::IOBuffer, object::JsonObject)
    print(io, '{')
    for k in 1:length(object)
        k > 1 && print(io, ',')
        write_json(io, object[k].first)
        print(io, ':')
        write_json(io, object[k].second)
    end
    print(io, '}')
end

write_json(io::IOBuffer, @nospecialize text::AbstractString) = write_json(io, String(text))
function write_json(io::IOBuffer, text::String)
    print(io, '"')
    for char in text
        if char == '"' || char == '\\'
            print(io, '\\')
            print(io, char)
        elseif char < ' '
            print(io, "\\u")
            print(io, string(UInt32(char), base = 16, pad = 4))
        else
            print(io, isvalid(char) ? char : '\ufffd')
        end
    end
    print(io, '"')
end
