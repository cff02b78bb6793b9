# Capture: what a host needs to serve a fitted model, written into a folder. Julia's standard library only.
#
#   data ─▶ table ─▶ frames/            model ─▶ needs ─▶ definitions.jl   (structs, functions, values of the session)
#                    live answers                      └▶ model.jls        (the object, its predict function, inputs)
#
# This text follows frames.jl inside a private module, in a live kernel too, so it opens no module and defines
# nothing in Main. Code of the session is called through `invokelatest`: it may be younger than this.

using Serialization: serialize
using SHA: sha256
using Dates: now, UTC

# ---- environment

function write_environment(folder::String)
    write(joinpath(folder, "VERSION"), string(VERSION), "\n")
    project = Base.active_project()
    project !== nothing && isfile(project) || return
    cp(project, joinpath(folder, "Project.toml"); force = true)
    manifest = Base.project_file_manifest_path(project)
    manifest === nothing || cp(manifest, joinpath(folder, "Manifest.toml"); force = true)
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
function capture(@nospecialize(model), folder; data, names = nothing, target = nothing, predict = nothing,
                 metrics = nothing, params = nothing, needs = (), definitions = nothing, variable = nothing,
                 notebook = nothing)
    targets = target_names(target)
    inputs = without(table(data, names), targets)
    asked = chosen_predict(model, predict)
    needed = definitions === nothing ? needs_of(model, asked, needs) : layouts_of(model)
    for part in ("model", "frames", "environment")
        mkpath(joinpath(folder, part))
    end
    fields = fields_of(inputs.names, inputs.columns)
    outputs = write_frames(joinpath(folder, "frames"), model, asked, inputs, fields)
    write(joinpath(folder, "model", "definitions.jl"), definitions_text(needed, definitions))
    write_model(joinpath(folder, "model"), model, asked, inputs.container, fields, needed)
    write_environment(joinpath(folder, "environment"))
    about = object("target", targets, "metrics", something(metrics, JsonObject()),
                   "params", something(params, JsonObject()),
                   "notebook", notebook === nothing ? get(ENV, "JPY_SESSION_NAME", nothing) : notebook)
    held = object("class", string(nameof(typeof(model))),
                  "variable", variable === nothing ? variable_of(model) : variable)
    facts = facts_of(String(folder), held, inputs.container, fields, outputs, about, needed)
    write(joinpath(folder, "capture.json"), json(facts))
    return facts
end

# ---- what was given

function target_names(@nospecialize target)
    target === nothing && return String[]
    target isa Union{AbstractString,Symbol} && return String[string(target)]
    target isa Union{Tuple,AbstractVector{Symbol}} && return strings(target)
    # A few strings are names of columns; as many as there are rows, they are what is predicted.
    target isa AbstractVector{<:AbstractString} && length(target) < 20 && return strings(target)
    return String[something(variable_of(target), "target")]
end

"The name of Main that holds this very object, or nothing."
function variable_of(@nospecialize object)
    for name in Base.names(Main; all = true)
        (is_hidden(name) || name === :ans || !isdefined(Main, name)) && continue
        getfield(Main, name) === object && return string(name)
    end
    return nothing
end

function chosen_predict(@nospecialize(model), @nospecialize(predict))
    predict === nothing || return predict
    own = isdefined(Main, :predict) ? getfield(Main, :predict) : nothing
    own isa Function && return own
    isempty(methods(model).ms) && reject("There is no way to ask a $(nameof(typeof(model))) for predictions.",
                                         "Give predict = (model, data) -> …, with one answer per row.")
    return nothing
end

function needs_of(@nospecialize(model), @nospecialize(predict), @nospecialize(names))
    roots = Any[model, predict]
    for name in names
        isdefined(Main, Symbol(name)) || reject("needs names `$name`, which this session does not define.")
        push!(roots, GlobalRef(Main, Symbol(name)))
    end
    return explore!(Needs(session_texts()), roots)
end

"Only the layout, where the source text is given."
function layouts_of(@nospecialize model)
    needed = Needs(Texts())
    type = Base.unwrap_unionall(Base.typename(typeof(model)).wrapper)
    of_session(parentmodule(type)) && !is_hidden(nameof(type)) && note_layout!(needed, type)
    return needed
end

# ---- what is written

function write_frames(folder::String, @nospecialize(model), @nospecialize(predict), inputs::Table,
                      fields::Vector{Field})
    sample, baseline = pick(inputs, sample_rows(inputs)), pick(inputs, spread(row_count(inputs), 1_000))
    write_table(joinpath(folder, "data.kf"), 1, fields, inputs.columns)
    write_table(joinpath(folder, "sample.kf"), 1, fields, sample.columns)
    write_answers(joinpath(folder, "answers.kf"), model, predict, sample)
    return write_answers(joinpath(folder, "baseline_answers.kf"), model, predict, baseline)
end

function write_answers(path::String, @nospecialize(model), @nospecialize(predict), rows::Table)
    names, columns = answers(model, predict, rows)
    fields = fields_of(names, columns)
    write_table(path, 2, fields, columns)
    return fields
end

function write_model(folder::String, @nospecialize(model), @nospecialize(predict), container, fields::Vector{Field},
                     needed::Needs)
    inputs = [(f.name, f.native, f.levels) for f in fields]
    layout = Dict{String,String}(name => bytes2hex(sha256(text)) for (name, text) in needed.layout)
    whole = (format = 1, object = model, predict = predict, inputs = inputs, container = container,
             version = string(VERSION), layout = layout)
    try
        save(joinpath(folder, "model.jls"), whole)
        for k in 1:length(needed.values)
            save(joinpath(folder, "global-$k.jls"), needed.values[k])
        end
    catch error
        error isa InterruptException && rethrow()
        reject("The model cannot be written to a file: $(words(error)).",
               "It may hold a task, a pointer or an open file.")
    end
end

function save(path::String, @nospecialize value)
    open(path, "w") do io
        Base.invokelatest(serialize, io, value)
    end
end

function facts_of(folder::String, held::JsonObject, container, fields, outputs, about::JsonObject, needed::Needs)
    file = joinpath("model", "model.jls")
    is_carried(name) = !(get(needed.kinds, name, :imported) in (:imported, :unknown))
    carried = sort!(String[string(name) for name in needed.order if is_carried(name)])
    runtime = object("version", string(VERSION), "executable", joinpath(Sys.BINDIR, Base.julia_exename()),
                     "library_paths", Base.load_path(), "platform", Sys.MACHINE)
    append!(held, object("loader", "jls", "file", file, "size_bytes", filesize(joinpath(folder, file))))
    facts = object("format", 1, "language", "julia", "runtime", runtime, "model", held, "container", container,
                   "inputs", map(field_object, fields), "outputs", map(field_object, outputs))
    append!(facts, about)
    captured_at = format(now(UTC), "yyyy-mm-ddTHH:MM:SS") * "Z"
    return append!(facts, object("packages", packages(needed), "definitions", carried, "cwd", pwd(),
                                 "kernel", kernel_name(), "warnings", warnings(folder, needed),
                                 "captured_at", captured_at))
end

function warnings(folder::String, needed::Needs)
    size = 0
    for k in 1:length(needed.values)
        size += filesize(joinpath(folder, "model", "global-$k.jls"))
    end
    size > 10_000_000 || return String[]
    return String["$(round(Int, size / 1e6)) MB of the session's globals are carried along with the model."]
end
