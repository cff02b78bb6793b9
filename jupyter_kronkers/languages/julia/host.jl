# The Julia host: keeps one model alive and answers frames (standard library only). Started by launch.py.
#
#   julia --startup-file=no host.jl FOLDER FD_IN FD_OUT
#
# What a model prints goes to the log: the protocol has descriptors of its own.

module KronkersHost

using Dates: Date, DateTime
using Serialization: deserialize
using SHA: sha256

include(joinpath(@__DIR__, "frames.jl"))

struct BadModelOutput <: Exception
    message::String
end
Base.showerror(io::IO, error::BadModelOutput) = print(io, error.message)
bad_output(parts...) = throw(BadModelOutput(string(parts...)))

"The model cannot be loaded here, in words."
struct CannotLoad <: Exception
    message::String
end
Base.showerror(io::IO, error::CannotLoad) = print(io, error.message)

# ---- loading

function load_model(folder)
    refuse_other_julia(folder)
    # In an artifact the files of model/ lie beside capture.json.
    isfile(joinpath(folder, "model", "model.jls")) && (folder = joinpath(folder, "model"))
    definitions = joinpath(folder, "definitions.jl")
    isfile(definitions) && Base.include(Main, definitions)
    # The definitions are younger than this function.
    model = Base.invokelatest(read_model, joinpath(folder, "model.jls"))
    Base.invokelatest(refuse_other_layout, model)
    return model
end

# Another minor version may read the bytes wrongly, or crash on them, so this is asked before they are touched.
function refuse_other_julia(folder)
    facts = read(joinpath(folder, "capture.json"), String)
    found = match(r"\"runtime\"\s*:\s*\{[^}]*?\"version\"\s*:\s*\"(\d+)\.(\d+)", facts)
    found === nothing && return
    wanted = VersionNumber(parse(Int, found[1]), parse(Int, found[2]))
    (VERSION.major, VERSION.minor) == (wanted.major, wanted.minor) || throw(CannotLoad(
        "the model was saved by Julia $(wanted.major).$(wanted.minor); this is Julia $(VERSION.major).$(VERSION.minor), " *
        "which cannot be trusted to read it"))
end

function read_model(path)
    try
        model = open(deserialize, path)
        model isa NamedTuple && haskey(model, :object) || throw(CannotLoad("model.jls holds no saved model"))
        return model
    catch error
        error isa Union{EOFError,BoundsError,MethodError,TypeError} || rethrow()
        throw(CannotLoad("the saved object does not fit the definitions saved with it ($(nameof(typeof(error)))): " *
                         "a struct was changed after the object was made"))
    end
end

function refuse_other_layout(model)
    haskey(model, :layout) || return
    for (name, digest) in model.layout
        found = layout_of(name)
        found === nothing || found == digest || throw(CannotLoad(
            "the struct $name has other fields than when the object was made"))
    end
end

# As capture.jl writes it; nothing where there is no such struct in Main.
function layout_of(name)
    isdefined(Main, Symbol(name)) || return nothing
    type = Base.unwrap_unionall(getfield(Main, Symbol(name)))
    type isa DataType || return nothing
    fields = join(("$field::$kind" for (field, kind) in zip(fieldnames(type), fieldtypes(type))), ";")
    return bytes2hex(sha256(fields))
end

# ---- what the model was given

const NATIVE = Dict{String,Type}(string(nameof(t)) => t for t in
    (Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Int128, UInt128, BigInt, Float16, Float32, Float64,
     BigFloat, String, Symbol, Char, Date, DateTime))

# By the name that the model's inputs have, so that it is taken apart once.
const WANTED = Dict{String,Union{Type,Nothing}}()
wanted_type(name) = get!(() -> get(NATIVE, strip(replace(name, r"Union\{|Missing|[,} ]" => "")), nothing), WANTED, name)

"A frame's column as the model had it. An unknown kind of column stays as it came."
function native(column, name)
    wanted = wanted_type(name)
    (wanted === nothing || nonmissingtype(eltype(column)) === wanted) && return column
    any(ismissing, column) && return Union{Missing,wanted}[ismissing(v) ? missing : made(wanted, v) for v in column]
    return wanted[made(wanted, value) for value in column]
end

made(type, value) = convert(type, value)
made(type::Type{Symbol}, value::AbstractString) = Symbol(value)
made(type::Type{Char}, value::AbstractString) = only(value)
made(type::Type{Date}, value::AbstractString) = Date(first(value, 10))
# Julia counts milliseconds.
made(type::Type{DateTime}, value::AbstractString) = DateTime(first(value, 23))

"The rows as the model's `predict` expects them."
# One column alone would stay a vector.
container(::Val{:matrix}, names, columns) = reshape(reduce(hcat, columns), :, length(columns))
container(::Val{:columns}, names, columns) = NamedTuple{Tuple(Symbol.(names))}(Tuple(columns))
container(::Val{:dict}, names, columns) = Dict(zip(names, columns))
container(::Val{:symboldict}, names, columns) = Dict(zip(Symbol.(names), columns))
container(::Val{:vector}, names, columns) = only(columns)
# DataFrames is not ours to load; the definitions have, if the model is given one.
function container(::Val{:dataframe}, names, columns)
    table = container(Val(:columns), names, columns)
    for (id, package) in Base.loaded_modules
        id.name == "DataFrames" && return Base.invokelatest(package.DataFrame, table)
    end
    throw(CannotLoad("the model is given a DataFrame, and the package DataFrames is not loaded"))
end

function given(model, table)
    columns = Dict(zip(table.names, table.columns))
    absent = [input[1] for input in model.inputs if !haskey(columns, input[1])]
    isempty(absent) || throw(ArgumentError("the rows lack the columns " * join(absent, ", ")))
    made_columns = Any[native(columns[input[1]], input[2]) for input in model.inputs]
    return container(Val(Symbol(model.container)), [input[1] for input in model.inputs], made_columns)
end

# ---- asking, and what it answers

function ask(model, rows)
    model.predict === nothing || return Base.invokelatest(model.predict, model.object, rows)
    isdefined(Main, :predict) && return Base.invokelatest(getfield(Main, :predict), model.object, rows)
    return Base.invokelatest(model.object, rows)
end

answer_columns(answered::AbstractVector) = ["prediction"], Any[answered]
function answer_columns(answered::AbstractMatrix)
    width = size(answered, 2)
    names = width == 1 ? ["prediction"] : ["prediction_$k" for k in 1:width]
    return names, Any[answered[:, k] for k in 1:width]
end
answer_columns(answered::NamedTuple) = collect(string.(keys(answered))), collect(Any, values(answered))
function answer_columns(answered::AbstractDict)
    labels = sort!(collect(keys(answered)); by = string)
    return string.(labels), Any[answered[label] for label in labels]
end
answer_columns(answered::Union{Number,AbstractString,Nothing,Missing}) =
    bad_output("predict answered a single ", typeof(answered), "; it must answer once per row")
function answer_columns(answered)
    labels = Base.invokelatest(propertynames, answered)
    return collect(string.(labels)), Any[Base.invokelatest(getproperty, answered, label) for label in labels]
end

function checked(names, columns, rows)
    isempty(columns) && bad_output("predict answered no column")
    for (name, column) in zip(names, columns)
        column isa AbstractVector || bad_output("predict answered a ", typeof(column), " in '", name, "', not a vector")
        length(column) == rows ||
            bad_output("predict answered ", length(column), " values in '", name, "' for ", rows, " rows; it must answer once per row")
    end
    return names, columns
end

"The frame types of the outputs, as the signature declares them."
const DECLARED = Int[]

# Whole numbers as doubles where the signature says so, and of columns without a value the declared type.
function declared(columns)
    length(columns) == length(DECLARED) || return columns
    return Any[as_declared(column, kind) for (column, kind) in zip(columns, DECLARED)]
end
function as_declared(column, kind)
    all(ismissing, column) && return Vector{Union{Missing,(Float64, Int64, Bool, String)[kind+1]}}(missing, length(column))
    whole = kind == 0 && nonmissingtype(eltype(column)) <: Integer
    return whole ? [ismissing(value) ? missing : Float64(value) for value in column] : column
end

function answer(model, body)
    table = decode_frame(body)
    names, columns = checked(answer_columns(ask(model, given(model, table)))..., table.rows)
    try
        return encode_frame(2, table.id, names, declared(columns))
    catch error
        error isa BadFrame ? bad_output("predict answered what cannot travel: ", error.message) : rethrow()
    end
end

# ---- errors, in words

function error_frame(error, id; quiet = false)
    # What went wrong within `include` is what is meant.
    while error isa LoadError
        error = error.error
    end
    text = first(Base.invokelatest(sprint, showerror, error), 10_000)
    quiet || println(stderr, "ERROR: ", text)
    isvalid(text) || (text = String(map(byte -> byte < 0x80 ? byte : UInt8('?'), codeunits(text))))
    class = string(nameof(typeof(error)))
    # Julia says the class first; so does whoever shows this.
    startswith(text, class * ": ") && (text = text[nextind(text, 0, length(class) + 3):end])
    return encode_frame(3, id, ["class", "message", "language", "remedy"], [[class], [text], ["julia"], [""]])
end

# The id of a request that could not be read further.
id_of(body) = length(body) >= 13 ? ltoh(first(reinterpret(UInt64, body[6:13]))) : UInt64(0)

"""
One predict, which must succeed. Then those that have Julia compile what later requests will need: several rows at once,
and missing values where there may be some. A model that cannot do that says so to whoever asks it to.
"""
function warm(model, body)
    answer(model, body)
    began = time()
    answer(model, body)
    time() - began < 0.3 || return
    table = decode_frame(body)
    asked = Any[table.columns]
    isempty(table.columns) || push!(asked, Any[repeat(column, 8) for column in table.columns])
    if any(occursin("Missing", input[2]) for input in model.inputs)
        gaps = Any[with_gap(column, name, model) for (column, name) in zip(last(asked), table.names)]
        push!(asked, gaps, Any[column[1:1] for column in gaps])
    end
    rehearse(model, table.names, asked)
    GC.gc()
end

# Through files, which are to Julia what the pipes are, so that reading and writing are compiled as well.
function rehearse(model, names, asked)
    mktemp() do _, file
        for columns in asked
            write(file, encode_frame(1, 0, names, columns; rows = isempty(columns) ? 1 : nothing))
        end
        # And one that is refused, for its lack of columns.
        isempty(names) || write(file, encode_frame(1, 0, [], []; rows = 1))
        seekstart(file)
        open(answers -> serve(model, file, answers; quiet = true), "/dev/null", "w")
    end
end

function with_gap(column, name, model)
    any(input -> input[1] == name && occursin("Missing", input[2]), model.inputs) || return column
    return Union{Missing,nonmissingtype(eltype(column))}[missing; column[2:end]]
end

function start(folder)
    warm_up = pop!(ENV, "KRONKERS_WARM_UP", "")
    append!(DECLARED, (parse(Int, digit) for digit in pop!(ENV, "KRONKERS_ANSWERS", "")))
    began = time()
    model = load_model(folder)
    loaded = time()
    isempty(warm_up) || Base.invokelatest(warm, model, hex2bytes(warm_up))
    names = ["language", "version", "pid", "load_ms", "warm_ms", "protocol"]
    said = Any[["julia"], [string(VERSION)], [Int64(getpid())], [1e3 * (loaded - began)], [1e3 * (time() - loaded)], [1]]
    return model, encode_frame(0, 0, names, said)
end

function serve(model, requests, answers; quiet = false)
    while true
        body = read_body(requests)
        body === nothing && return
        reply = try
            Base.invokelatest(answer, model, body)
        catch error
            error_frame(error, id_of(body); quiet = quiet)
        end
        write(answers, reply)
        flush(answers)
    end
end

function main()
    requests, answers = fdio(parse(Int, ARGS[2])), fdio(parse(Int, ARGS[3]))
    model, ready = try
        start(ARGS[1])
    catch error
        nothing, error_frame(error, 0)
    end
    write(answers, ready)
    flush(answers)
    model === nothing || serve(model, requests, answers)
end

end # module

KronkersHost.main()
