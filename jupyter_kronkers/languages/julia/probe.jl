# The probe: which fitted models and which data a live session holds. Its last line gives JSON text.
#
# It only looks: at most 200 values, their types and sizes, and no code of the session is run but `propertynames` and
# `getproperty` of a DataFrame. It follows json.jl, words.jl, types.jl and cells.jl inside a private module, so nothing
# is left in Main.

const MOST = 200
const METRIC = r"^(rmse|mse|mae|mape|r2|r²|rsquared|accuracy|auc|f1|logloss|loss|deviance|aic|bic|precision|recall)(_\w+)?$"i
const DATA_FIRST = r"^(x_?train|train|x|data|df)"i
const TARGET_FIRST = r"^(y_?train|y|target|labels?)$"i

"A name of the session and its value."
struct Named
    name::String
    value::Any
end

"What the session calls its own, without functions, types and modules."
function values_of_session()
    found = Named[]
    for symbol in names(Main; all = true)
        name = string(symbol)
        (startswith(name, '#') || symbol === :ans || !isdefined(Main, symbol)) && continue
        value = getfield(Main, symbol)
        is_machinery(value) || push!(found, Named(name, value))
    end
    return found[1:min(end, MOST)]
end
# A closure may be a model: what it was fitted to is what it captured.
is_machinery(@nospecialize value) =
    value isa Type || value isa Module || value isa Function && fieldcount(typeof(value)) == 0

first_strings(@nospecialize values) = String[string(values[k]) for k in 1:min(length(values), MOST)]

# ---- data

"The names of the columns if the value is rows and columns, else nothing."
function columns_of(@nospecialize value)
    nameof(typeof(value)) === :DataFrame && return first_strings(Base.invokelatest(propertynames, value))
    value isa AbstractMatrix && return matrix_columns(value)
    value isa Union{NamedTuple,AbstractDict} && return named_columns(value)
    return nothing
end

function matrix_columns(@nospecialize value)
    eltype(value) <: Union{Missing,Real} || return nothing
    return String["x$k" for k in 1:min(size(value, 2), MOST)]
end

function named_columns(@nospecialize value)
    labels, rows = String[], -1
    for key in keys(value)
        column = value[key]
        (key isa Union{Symbol,AbstractString} && column isa AbstractVector) || return nothing
        rows in (-1, length(column)) || return nothing
        rows = length(column)
        push!(labels, string(key))
    end
    isempty(labels) && return nothing
    return first_strings(value isa AbstractDict ? sort!(labels) : labels)
end

function rows_of(@nospecialize value)
    value isa AbstractMatrix && return size(value, 1)
    value isa Union{NamedTuple,AbstractDict} && return length(first(values(value)))
    return Base.invokelatest(size, value, 1)
end

function data_object(found::Named, columns)
    class = found.value isa Matrix ? "Matrix" : string(nameof(typeof(found.value)))
    return object("name", found.name, "class", class, "rows", rows_of(found.value), "columns", columns,
                  "types", types_of(found.value, columns))
end

"One type per column in MLflow's words; \"\" for what cannot be captured."
function types_of(@nospecialize(value), columns)
    value isa AbstractMatrix && return fill(type_of(value), length(columns))
    types = String[]
    for name in columns
        push!(types, type_of(column_of(value, name)))
    end
    return types
end

column_of(@nospecialize(value), name) = Base.invokelatest(getproperty, value, Symbol(name))
column_of(value::AbstractDict, name) = value[haskey(value, name) ? name : Symbol(name)]

function type_of(@nospecialize column)
    # Columns of Any are judged by their first thousand values.
    column isa Array{Any} && (column = narrow(column[1:min(end, 1_000)]))
    type = nonmissingtype(eltype(column))
    declared = type !== Union{} && type isa DataType ? mlflow_type(type) : ""
    has_holes = declared in ("integer", "long") && Missing <: eltype(column) && any(ismissing, column)
    return has_holes ? "double" : declared
end

# ---- models

function is_from_julia(type::DataType)
    root = Base.moduleroot(parentmodule(type))
    (root === Base || root === Core) && return true
    path = pathof(root)
    return path !== nothing && startswith(path, Sys.STDLIB)
end

"Whether the session's `predict` takes the value first."
function is_asked(@nospecialize value)
    predict = isdefined(Main, :predict) ? getfield(Main, :predict) : nothing
    predict isa Function || return false
    for method in methods(predict).ms
        parameters = Base.unwrap_unionall(method.sig).parameters
        length(parameters) >= 2 || continue
        taken = Base.rewrap_unionall(parameters[2], method.sig)
        taken isa Type && value isa taken && return true
    end
    return false
end

function looks_like_model(@nospecialize value)
    value isa Union{AbstractArray,AbstractDict,AbstractString,Exception,IO,Number} && return false
    value isa NamedTuple && return is_asked(value)
    value isa Function && return true
    return fieldcount(typeof(value)) > 0 && !is_from_julia(typeof(value))
end

"Names of features that the model itself tells."
function features_of(@nospecialize value)
    for field in (:features, :feature_names, :columns, :names)
        field in fieldnames(typeof(value)) && isdefined(value, field) || continue
        found = getfield(value, field)
        found isa AbstractVector && eltype(found) <: Union{AbstractString,Symbol} && return first_strings(found)
    end
    return nothing
end

"Bytes, roughly: four levels deep, the first thousand of each array."
function rough_size(@nospecialize(value), depth::Int)
    value isa String && return sizeof(value)
    (value isa Union{Symbol,Type,Module} || depth == 0) && return 8
    value isa Array && return isbitstype(eltype(value)) ? sizeof(value) : size_of_items(value, depth)
    total = sizeof(typeof(value))
    isbits(value) && return total
    for k in 1:nfields(value)
        isdefined(value, k) && (total += rough_size(getfield(value, k), depth - 1))
    end
    return total
end
function size_of_items(@nospecialize(items), depth::Int)
    total = 8 * length(items)
    for k in 1:min(length(items), 1_000)
        isassigned(items, k) && (total += rough_size(items[k], depth - 1))
    end
    return total
end

"The cell that assigned the name last, in words; nothing where the session does not say."
function cell_of(name::String, cells::Texts)
    assigns = Regex("(^|[\\n;])\\s*((const|global)\\s+)?(\\w+\\s*,\\s*)*\\Q$name\\E\\s*(,[^=\\n]*)?(::[^=\\n]*)?=[^=]")
    for k in length(cells):-1:1
        file, text = cells[k]
        number = match(r"^In\[(\d+)\]$", file)
        number === nothing || !occursin(assigns, text) || return "cell $(number.captures[1])"
    end
    return nothing
end

function model_object(found::Named, cells::Texts)
    type = typeof(found.value)
    class = found.value isa Function ? "Function" : string(nameof(type))
    return object("name", found.name, "class", class, "size_bytes", rough_size(found.value, 4),
                  "features", features_of(found.value), "module", string(parentmodule(type)),
                  "defined", cell_of(found.name, cells))
end

# ---- together

"""
The model, data and target that belong together most likely; nothing without a model. A target is a vector as long as
the data, or a column of them.
"""
function likely_of(models, data, session)
    isempty(models) && return nothing
    asked = findfirst(found -> is_asked(found.value), models)
    model = models[asked === nothing ? 1 : asked].name
    isempty(data) && return object("model", model, "data", nothing, "target", nothing)
    named = findfirst(found -> occursin(DATA_FIRST, found.name), data)
    rows = data[named === nothing ? 1 : named]
    return object("model", model, "data", rows.name, "target", target_of(rows.value, session))
end

function target_of(@nospecialize(rows), session)
    for found in session
        found.value isa AbstractVector && length(found.value) == rows_of(rows) && occursin(TARGET_FIRST, found.name) &&
            return found.name
    end
    at = findfirst(name -> occursin(TARGET_FIRST, name), columns_of(rows))
    return at === nothing ? nothing : columns_of(rows)[at]
end

function probe()
    session, models, data = values_of_session(), Named[], Named[]
    cells = session_texts()
    told = (models = Any[], data = Any[], metrics = JsonObject())
    for found in session
        value, columns = found.value, columns_of(found.value)
        if columns !== nothing
            push!(data, found)
            push!(told.data, data_object(found, columns))
        elseif looks_like_model(value)
            push!(models, found)
            push!(told.models, model_object(found, cells))
        elseif value isa Real && !(value isa Bool) && isfinite(value) && occursin(METRIC, found.name)
            push!(told.metrics, Pair{String,Any}(found.name, Float64(value)))
        end
    end
    return json(object("models", told.models, "data", told.data, "metrics", told.metrics,
                       "likely", likely_of(models, data, session)))
end

probe()
