# Capture: what a host needs to serve a fitted model, written into a folder. Julia's standard library only.
#
#   data ─▶ table ─▶ frames/            model ─▶ needs ─▶ definitions.jl   (structs, functions, values of the notebook)
#                    live answers                      └▶ model.jls        (the object, its predict function, the inputs)
#
# This text follows frames.jl inside a private module, in a live kernel too, so it opens no module and defines
# nothing in Main. Code of the session is called through `invokelatest`: it may be younger than this.

using Serialization: serialize
using SHA: sha256
using Dates: Date, DateTime, now, UTC

"What went wrong, and in `remedy` what to do about it, in words."
struct KronkersError <: Exception
    message::String
    remedy::String
end
Base.showerror(io::IO, error::KronkersError) = print(io, strip(error.message * " " * error.remedy))

reject(message, remedy = "") = throw(KronkersError(message, remedy))
words(error) = first(sprint((io, e) -> Base.invokelatest(showerror, io, e), error), 1_000)


# ---- environment

function package_version(id)
    path = Base.locate_package(id)
    project = path === nothing ? "" : joinpath(dirname(dirname(path)), "Project.toml")
    found = isfile(project) ? match(r"^version\s*=\s*\"(.*)\""m, read(project, String)) : nothing
    return found === nothing ? string(VERSION) : String(found[1])     # the standard library has Julia's version
end

"The packages the model needs, and all others loaded that are not Julia's own."
function packages(needs)
    ids = union(needs.packages, filter(is_added, collect(keys(Base.loaded_modules))))
    return [(name = id.name, version = package_version(id), needed = id in needs.packages,
             attached = isdefined(Main, Symbol(id.name))) for id in sort!(collect(ids); by = id -> id.name)]
end
function is_added(id)
    path = id.uuid === nothing ? nothing : Base.locate_package(id)
    return path !== nothing && !startswith(path, Sys.STDLIB)
end

function write_environment(folder)
    mkpath(folder)
    write(joinpath(folder, "VERSION"), string(VERSION), "\n")
    project = Base.active_project()
    project === nothing && return
    for name in ("Project.toml", "Manifest.toml"), candidate in (joinpath(dirname(project), name),)
        isfile(candidate) && cp(candidate, joinpath(folder, name); force = true)
    end
end

# ---- capture

"""
    capture(model, folder; data, names, target, predict, metrics, params, needs, definitions, variable, notebook)

Write what a host needs to serve `model` into `folder`, and return the facts written to capture.json.

`data`: the rows the model was trained on: a matrix (its columns are `names`, else x1, x2, …), a NamedTuple or Dict of
vectors, or a DataFrame. `target`: the true values, or the names of their columns, which are then no inputs.
`predict(model, data)` gives one answer per row; without it a `predict` of the session is used, else the object is
called. `needs`: names of the session that cannot be seen in the code, to be carried along. `definitions`: source text
to use instead of what the session knows. Throws `KronkersError`.
"""
function capture(model, folder; data, names = nothing, target = nothing, predict = nothing, metrics = Dict(),
                 params = Dict(), needs = (), definitions = nothing, variable = nothing, notebook = nothing)
    targets = target_names(target)
    inputs = without(table(data, names), targets)
    predict = chosen_predict(model, predict)
    needed = definitions === nothing ? needs_of(model, predict, needs) : layouts_of(model)
    foreach(part -> mkpath(joinpath(folder, part)), ("model", "frames"))
    outputs = write_frames(joinpath(folder, "frames"), model, predict, inputs)
    fields = [field(name, column) for (name, column) in zip(inputs.names, inputs.columns)]
    write_model(joinpath(folder, "model"), model, predict, inputs.container, fields, needed, definitions)
    write_environment(joinpath(folder, "environment"))
    about = (variable = something(variable, variable_of(model), Some(nothing)), target = targets, metrics = metrics,
             params = params, notebook = something(notebook, get(ENV, "JPY_SESSION_NAME", nothing), Some(nothing)))
    facts = facts_of(model, folder, about, inputs.container, fields, outputs, needed)
    write(joinpath(folder, "capture.json"), json(facts))
    return facts
end

target_names(::Nothing) = String[]
target_names(name::Union{AbstractString,Symbol}) = [string(name)]
target_names(names::Union{Tuple,AbstractVector{<:Union{AbstractString,Symbol}}}) = String[string(name) for name in names]
target_names(values) = [something(variable_of(values), "target")]

"The name of Main that holds this very object."
variable_of(object) = first_or_nothing(string(name) for name in Base.names(Main; all = true)
    if !is_hidden(name) && name !== :ans && isdefined(Main, name) && getfield(Main, name) === object)

function chosen_predict(model, predict)
    predict === nothing || return predict
    own = isdefined(Main, :predict) ? getfield(Main, :predict) : nothing
    own isa Function && return own
    isempty(methods(model)) && reject("There is no way to ask a $(nameof(typeof(model))) for predictions.",
                                      "Give predict = (model, data) -> …, with one answer per row.")
    return nothing
end

function needs_of(model, predict, names)
    needed = Needs(session_texts())
    for name in Symbol.(names)
        isdefined(Main, name) || reject("needs names `$name`, which this session does not define.")
    end
    return explore!(needed, Any[model, predict, (GlobalRef(Main, name) for name in Symbol.(names))...])
end

"Only the layouts, where the source text is given."
function layouts_of(model)
    needed = Needs(Pair{String,String}[])
    type = Base.unwrap_unionall(Base.typename(typeof(model)).wrapper)
    is_hidden(nameof(type)) || note_layout!(needed, type)
    return needed
end

function write_frames(folder, model, predict, inputs)
    fields = [field(name, column) for (name, column) in zip(inputs.names, inputs.columns)]
    sample, baseline = pick(inputs, sample_rows(inputs)), pick(inputs, spread(rowcount(inputs), 1_000))
    write_table(joinpath(folder, "data.kf"), 1, fields, inputs.columns)
    write_table(joinpath(folder, "sample.kf"), 1, fields, sample.columns)
    write_answers(joinpath(folder, "answers.kf"), answers(model, predict, sample)...)
    return write_answers(joinpath(folder, "baseline_answers.kf"), answers(model, predict, baseline)...)
end
function write_answers(path, names, columns)
    fields = [field(name, column) for (name, column) in zip(names, columns)]
    write_table(path, 2, fields, columns)
    return fields
end

function write_model(folder, model, predict, container, fields, needed, definitions)
    write(joinpath(folder, "definitions.jl"), definitions_text(needed, definitions))
    save(name, value) = open(io -> Base.invokelatest(serialize, io, value), joinpath(folder, name), "w")
    try
        foreach(k -> save("global-$k.jls", needed.values[k]), eachindex(needed.values))
        save("model.jls", (format = 1, object = model, predict = predict, container = container, version = string(VERSION),
                           inputs = [(f.name, f.native, f.levels) for f in fields], layout = digests(needed.layout)))
    catch error
        error isa InterruptException && rethrow()
        reject("The model cannot be written to a file: $(words(error)).", "It may hold a task, a pointer or an open file.")
    end
end
digests(layout) = Dict{String,String}(name => bytes2hex(sha256(text)) for (name, text) in layout)

function facts_of(model, folder, about, container, fields, outputs, needed)
    file = joinpath("model", "model.jls")
    return Dict{String,Any}(
        "format" => 1, "language" => "julia",
        "runtime" => (version = string(VERSION), executable = joinpath(Sys.BINDIR, Base.julia_exename()),
                      library_paths = Base.load_path(), platform = Sys.MACHINE),
        "model" => (class = string(nameof(typeof(model))), variable = about.variable, loader = "jls", file = file,
                    size_bytes = filesize(joinpath(folder, file))),
        "container" => container, "inputs" => fields, "outputs" => outputs, "target" => about.target,
        "metrics" => about.metrics, "params" => about.params, "packages" => packages(needed),
        "definitions" => sort!([string(n) for n in keys(needed.pieces) if get(needed.kinds, n, :imported) !== :imported]),
        "notebook" => about.notebook, "cwd" => pwd(), "kernel" => kernel_name(), "warnings" => warnings(folder, needed),
        "captured_at" => string(format(now(UTC), "yyyy-mm-ddTHH:MM:SS"), "Z"))
end

function warnings(folder, needed)
    size = mapreduce(k -> filesize(joinpath(folder, "model", "global-$k.jls")), +, eachindex(needed.values); init = 0)
    return size > 10_000_000 ? ["$(round(Int, size / 1e6)) MB of the session's globals are carried along with the model."] : String[]
end
