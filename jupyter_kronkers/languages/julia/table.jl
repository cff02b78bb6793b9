# ---- data as a table

"Named columns of equal length; `make(names, columns)` gives them the shape that `predict` expects."
struct Table
    names::Vector{String}
    columns::Vector{AbstractVector}
    container::String
    make::Any
end

rowcount(table::Table) = length(first(table.columns))
narrow(column) = isconcretetype(nonmissingtype(eltype(column))) ? column : identity.(column)

function Table(names, columns, container, make)
    isempty(names) && reject("The data have no columns.")
    lengths = unique(length.(columns))
    length(lengths) == 1 || reject("The columns of the data differ in length: $(join(lengths, ", ")).")
    first(lengths) > 0 || reject("The data have no rows.", "Give the rows the model was trained on.")
    return Table(String[string(name) for name in names], AbstractVector[narrow(c) for c in columns], container, make)
end

named(names, columns) = NamedTuple{Tuple(Symbol.(names))}(Tuple(columns))

function table(data::AbstractMatrix, names)
    labels = names === nothing ? ["x$k" for k in 1:size(data, 2)] : names
    length(labels) == size(data, 2) || reject("The data have $(size(data, 2)) columns, names has $(length(labels)).")
    return Table(labels, [data[:, k] for k in 1:size(data, 2)], "matrix", (_, columns) -> reduce(hcat, columns))
end
table(data::NamedTuple, _) = Table(collect(keys(data)), collect(Any, values(data)), "columns", named)
function table(data::AbstractDict{K}, _) where {K}
    labels = sort!(collect(keys(data)); by = string)
    make = (names, columns) -> Dict(K(name) => column for (name, column) in zip(names, columns))
    return Table(labels, Any[data[l] for l in labels], K <: Symbol ? "symboldict" : "dict", make)
end
table(data::AbstractVector, _) =
    reject("The data are one vector.", "Give a matrix, reshape(v, :, 1), or named columns, (x = v,).")
function table(data, _)
    labels = Base.invokelatest(propertynames, data)
    columns = Any[Base.invokelatest(getproperty, data, label) for label in labels]
    all(column -> column isa AbstractVector, columns) || reject(
        "$(nameof(typeof(data))) is no table: its properties are not all vectors.",
        "Give a matrix, a NamedTuple or Dict of vectors, or a DataFrame.")
    nameof(typeof(data)) === :DataFrame || return Table(labels, columns, "columns", named)
    return Table(labels, columns, "dataframe", (n, c) -> Base.invokelatest(typeof(data), named(n, c)))
end

without(table, dropped) = restrict(table, findall(name -> !(name in dropped), table.names))
restrict(table, kept) = Table(table.names[kept], table.columns[kept], table.container, table.make)
pick(table, rows) = Table(table.names, AbstractVector[c[rows] for c in table.columns], table.container, table.make)

"`count` of `total` rows, evenly spaced."
spread(total, count) = (m = min(total, count); [div(k * total, m) + 1 for k in 0:m-1])

function sample_rows(table)
    rows = spread(rowcount(table), 20)
    holes = findall(row -> any(c -> ismissing(c[row]), table.columns), 1:rowcount(table))
    return vcat(rows, first_few(setdiff(holes, rows), 5))
end
first_few(items, count) = items[1:min(count, length(items))]

# ---- types of columns, in MLflow's words

mlflow_type(::Type{Bool}) = "boolean"
mlflow_type(::Type{<:Union{Int8,Int16,Int32,UInt8,UInt16}}) = "integer"
mlflow_type(::Type{<:Integer}) = "long"
mlflow_type(::Type{<:Union{Float16,Float32}}) = "float"
mlflow_type(::Type{<:Real}) = "double"
mlflow_type(::Type{<:Union{AbstractString,Symbol,AbstractChar}}) = "string"
mlflow_type(::Type{<:Union{Date,DateTime}}) = "datetime"
mlflow_type(type) = nameof(type) in (:CategoricalValue, :CategoricalString) ? "string" : nothing

native_name(::Type{<:AbstractString}) = "String"
native_name(type) = mlflow_type(type) == "string" && !(type <: Union{Symbol,Char}) ? "String" : string(nameof(type))

function field(name, column)
    type = nonmissingtype(eltype(column))
    declared = type === Union{} ? nothing : mlflow_type(type)
    declared === nothing && reject("The column $name holds $type, which a signature cannot name.",
                                   "Give numbers, booleans, text, dates, and missing.")
    holes = any(ismissing, column)
    holes && declared in ("integer", "long") && (declared = "double")   # as MLflow advises
    return (name = name, type = declared, native = native_name(type), levels = levels_of(column), missing = holes)
end

# CategoricalArrays by shape, because that package is not ours to load.
function levels_of(column)
    occursin("Categorical", string(nameof(typeof(column)))) && hasproperty(column, :pool) || return nothing
    return String[string(level) for level in column.pool.levels]
end

# A masked integer column is declared double, and a frame carries it as such.
framed(field, column) = field.type == "double" ? map(v -> ismissing(v) ? missing : Float64(v), column) : column
write_table(path, kind, fields, columns) = open(path, "w") do io
    write_frame(io, kind, 0, [f.name for f in fields], [framed(f, c) for (f, c) in zip(fields, columns)])
end

# ---- answers

"The model's live answers on `table` as `(names, columns)`."
function answers(model, predict, table)
    shaped = table.make(table.names, table.columns)
    output = try
        predict === nothing ? Base.invokelatest(model, shaped) : Base.invokelatest(predict, model, shaped)
    catch error
        error isa InterruptException && rethrow()
        reject("predict failed on the data: $(words(error)).", "It is called as predict(model, data), with the columns " *
               "$(join(first_few(table.names, 10), ", ")) as a $(typeof(shaped)).")
    end
    names, columns = output_columns(output)
    all(column -> length(column) == rowcount(table), columns) || reject(
        "predict gave $(join(unique(length.(columns)), ", ")) answers for $(rowcount(table)) rows.",
        "Make it give one answer per row.")
    return names, AbstractVector[narrow(column) for column in columns]
end

output_columns(output::AbstractVector) = ["prediction"], [output]
output_columns(output::AbstractMatrix) =
    size(output, 2) == 1 ? (["prediction"], [vec(output)]) :
    (["prediction_$k" for k in 1:size(output, 2)], [output[:, k] for k in 1:size(output, 2)])
function output_columns(output)
    output isa Union{Number,AbstractString,Nothing,Missing} && reject(
        "predict gave a single $(typeof(output)).", "Make it give a vector with one answer per row.")
    answered = table(output, nothing)
    return answered.names, answered.columns
end

