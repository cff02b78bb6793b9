# register: capture, hand over, and what came of it.

"""
A version of a model in the registry. `state` is "ready" when a fresh Julia gave the same answers as the live model,
else "rejected", with `reason` and `remedy`.
"""
struct Version
    name::String
    number::Int
    state::String
    reason::String
    remedy::String
    class::String
    inputs::Vector{String}
    outputs::Vector{String}
    packages::Vector{String}
    definitions::Vector{String}
    warnings::Vector{String}
end

is_ready(version::Version) = version.state == "ready"

Base.show(io::IO, version::Version) = print(io, "Version($(version.name) $(version.number), $(version.state))")
function Base.show(io::IO, ::MIME"text/plain", version::Version)
    print(io, "$(version.name), version $(version.number) ($(version.state))")
    is_ready(version) || print(io, "\n  because   ", strip("$(version.reason) $(version.remedy)"))
    line(label, words) = isempty(words) || print(io, "\n  ", rpad(label, 10), join(words, ", "))
    line("model", [version.class])
    line("inputs", version.inputs)
    line("outputs", version.outputs)
    line("packages", version.packages)
    line("carried", version.definitions)
    foreach(warning -> line("note", [warning]), version.warnings)
end

"""
    register(model, name; data, target, predict, metrics, params, needs, title, description, notebook,
             names, definitions)

Register a fitted model under `name` and return its new [`Version`](@ref). What it needs of this session is captured
with it: structs, functions, values of globals, packages.

- `data`: the rows it was trained on: a matrix (columns x1, x2, …, or `names`), a NamedTuple or Dict of vectors, or a
  DataFrame.
- `target`: the true values, or the names of their columns in `data`; never part of the inputs.
- `predict(model, data)`: gives one answer per row. Without it your own `predict` is used, else the model is called.
- `metrics`, `params`: named numbers and values, such as `(rmse = 41.2,)`.
- `needs`: names of your own things that the model's code mentions only as text, such as `[:helper]`.
- `definitions`: source text that defines all the model needs, where this session does not know its own source.

A fresh Julia must give the same answers; if it does not, the version is rejected, and a warning says why and what to
do. Throws [`KronkersError`](@ref).

```julia
version = register(fit, "bike-demand"; data = X, target = y, metrics = (rmse = 41.2,))
```
"""
function register(model, name::AbstractString; data, title = "", description = "", options...)
    mktempdir() do folder
        facts = Dict{String,Any}(capture(model, folder; data = data, options...))
        arguments = ["models", "register", String(name), "--capture", folder, "--json"]
        isempty(title) || append!(arguments, ["--title", title])
        isempty(description) || append!(arguments, ["--description", description])
        version = version_of(run_command(arguments), facts)
        is_ready(version) || warn_rejected(version)
        return version
    end
end

warn_rejected(version::Version) =
    @warn "$(version.name) version $(version.number) is rejected: $(version.reason) $(version.remedy)"

function version_of(answer::Dict, facts::Dict)
    text(key) = string(something(get(answer, key, ""), ""))
    needed = [Dict(package) for package in facts["packages"] if Dict(package)["needed"]]
    return Version(text("name"), answer["version"], text("state"), text("reason"), text("remedy"), text("class"),
                   map(described, facts["inputs"]), map(described, facts["outputs"]),
                   ["$(package["name"]) $(package["version"])" for package in needed],
                   facts["definitions"], strings(get(answer, "warnings", String[])))
end

function described(field)
    known = Dict(field)
    return "$(known["name"])::$(known["native"])" * (known["missing"] ? " or missing" : "")
end
