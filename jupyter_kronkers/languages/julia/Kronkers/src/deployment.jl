# Asking a deployment: one HTTP request over a socket of the standard library.

using Sockets: connect

"""
What a deployment answered: `predictions`, one per row (a Dict of outputs where there are several), the `version` that
answered, and the `id` of the prediction.
"""
struct Prediction
    predictions::Vector
    version::String
    id::String
end
Base.show(io::IO, answer::Prediction) =
    print(io, "Prediction(", length(answer.predictions), " from ", answer.version, ", id ", answer.id, ")")

"""
    call_deployment(name, data; url = ENV["KRONKERS_GATEWAY_URL"], token = ENV["KRONKERS_TOKEN"], names = nothing)

The predictions of the deployment `name` for `data`: a matrix, a NamedTuple or Dict of vectors, or a DataFrame.
Throws [`KronkersError`](@ref) with the deployment's own words.
"""
function call_deployment(name::AbstractString, data; url = get(ENV, "KRONKERS_GATEWAY_URL", ""),
                         token = get(ENV, "KRONKERS_TOKEN", ""), names = nothing)
    isempty(url) && reject("Where is the gateway?", "Give url = \"http://…\", or set ENV[\"KRONKERS_GATEWAY_URL\"].")
    rows = table(data, names)
    cells = Any[Any[column[row] for column in rows.columns] for row in 1:row_count(rows)]
    body = json(object("dataframe_split", object("columns", rows.names, "data", cells)))
    status, headers, text = post(url, "/$name/invocations", token, body)
    status == 200 ||
        throw(something(problem_in(text), KronkersError("The gateway answered $status: $(first(text, 500))", "")))
    answered = read_json(text)["predictions"]
    told(name) = get(headers, name, "")
    return Prediction(identity.(answered), told("x-kronkers-version"), told("x-kronkers-prediction-id"))
end

"Host, port and path of an address, and the host as a header spells it."
function address_of(url)
    found = match(r"^http://(\[[^\]]+\]|[^/:]+)(?::(\d+))?(/.*)?$", url)
    found === nothing && reject("The gateway's address $url is not of the form http://host:port.",
                                startswith(url, "https:") ? "HTTPS needs a package such as HTTP.jl." : "")
    host, port, path = found[1], something(found[2], "80"), something(found[3], "")
    return strip(host, ['[', ']']), parse(Int, port), rstrip(path, '/'), host
end

"Status, headers in small letters, and text of the answer to a POST of JSON."
function post(url, path, token, body)
    host, port, base, shown = address_of(url)
    socket = try connect(host, port) catch
        reject("There is no gateway at $url.", "Is it running? jupyter kronkers status")
    end
    try
        write(socket, "POST $base$path HTTP/1.1\r\nHost: $shown:$port\r\nContent-Type: application/json\r\n" *
                      (isempty(token) ? "" : "Authorization: Bearer $token\r\n") *
                      "Content-Length: $(sizeof(body))\r\nConnection: close\r\n\r\n", body)
        status, headers = read_head(socket)
        return status, headers, String(read_rest(socket, headers))
    finally
        close(socket)
    end
end

function read_head(socket)
    status = match(r"^HTTP/1\.[01] (\d{3})", readline(socket))
    status === nothing && reject("What answered is no gateway.")
    headers = Dict{String,String}()
    line = readline(socket)
    while !isempty(line)
        name, value = split(line, ':'; limit = 2)
        headers[lowercase(name)] = strip(value)
        line = readline(socket)
    end
    return parse(Int, status[1]), headers
end

function read_rest(socket, headers)
    get(headers, "transfer-encoding", "") == "chunked" && return read_chunks(socket)
    return haskey(headers, "content-length") ? read(socket, parse(Int, headers["content-length"])) : read(socket)
end

function read_chunks(socket)
    whole = IOBuffer()
    while (size = parse(Int, first(split(readline(socket), ';')); base = 16)) > 0
        write(whole, read(socket, size))
        readline(socket)
    end
    return take!(whole)
end
