# The data and the answers of a model as named columns.

"Named columns of equal length; `make(names, columns)` gives them the shape that `predict` expects."
struct Table
    names::Vector{String}
    columns::Vector{Any}
    container::String
    make::Any
end

row_count(table::Table) = length(table.columns[1])

function checked_table(names::Vector{String}, columns::Vector{Any}, container, @nospecialize make)
    isempty(names) && reject("The data have no columns.")
    rows = length(columns[1])
    for k in 1:length(columns)
        length(columns[k]) == rows || reject("The columns $(names[1]) and $(names[k]) of the data differ in length: " *
                                             "$rows and $(length(columns[k])).")
        columns[k] = narrow(columns[k])
    end
    rows > 0 || reject("The data have no rows.", "Give the rows the model was trained on.")
    return Table(names, columns, container, make)
end

as_named(names, columns) = NamedTuple{Tuple(Symbol.(names))}(Tuple(columns))
as_matrix(names, columns) = length(columns) == 1 ? reshape(columns[1], :, 1) : reduce(hcat, columns)

"`data` as a table. `names` are those of a matrix's columns; without them they are x1, x2, …"
function table(@nospecialize(data), names)
    data isa AbstractMatrix && return matrix_table(data, names)
    data isa AbstractDict && return dict_table(data)
    data isa AbstractVector &&
        reject("The data are one vector.", "Give a matrix, reshape(v, :, 1), or named columns, (x = v,).")
    return property_table(data)
end

function matrix_table(@nospecialize(data), names)
    count = size(data, 2)
    labels = names === nothing ? String["x$k" for k in 1:count] : strings(names)
    length(labels) == count || reject("The data have $count columns, names has $(length(labels)).")
    return checked_table(labels, Any[data[:, k] for k in 1:count], "matrix", as_matrix)
end

function dict_table(@nospecialize data)
    labels = sort!(strings(keys(data)))
    symbols = keytype(data) === Symbol
    make(names, columns) = symbols ? Dict(zip(Symbol.(names), columns)) : Dict(zip(names, columns))
    columns = Any[data[symbols ? Symbol(label) : label] for label in labels]
    return checked_table(labels, columns, symbols ? "symboldict" : "dict", make)
end

function property_table(@nospecialize data)
    labels = Base.invokelatest(propertynames, data)
    columns = Any[Base.invokelatest(getproperty, data, label) for label in labels]
    all(column -> column isa AbstractVector, columns) || reject(
        "$(nameof(typeof(data))) is no table: its properties are not all vectors.",
        "Give a matrix, a NamedTuple or Dict of vectors, or a DataFrame.")
    nameof(typeof(data)) === :DataFrame || return checked_table(strings(labels), columns, "columns", as_named)
    make(names, columns) = Base.invokelatest(typeof(data), as_named(names, columns))
    return checked_table(strings(labels), columns, "dataframe", make)
end

function without(table::Table, dropped::Vector{String})
    kept = Int[k for k in 1:length(table.names) if !(table.names[k] in dropped)]
    return checked_table(table.names[kept], table.columns[kept], table.container, table.make)
end

function pick(table::Table, rows::Vector{Int})
    columns = Any[column[rows] for column in table.columns]
    return Table(table.names, columns, table.container, table.make)
end

"`count` of `total` rows, evenly spaced: row k is ⌊k · total / count⌋."
function spread(total::Int, count::Int)
    chosen = min(total, count)
    return Int[div(k * total, chosen) + 1 for k in 0:chosen-1]
end

"At most twenty rows, evenly spaced, and up to five more in which something is missing."
function sample_rows(table::Table)
    rows, added = spread(row_count(table), 20), 0
    for row in 1:row_count(table)
        added < 5 || break
        has_hole = any(column -> ismissing(column[row]), table.columns)
        has_hole && !(row in rows) && (push!(rows, row); added += 1)
    end
    return rows
end

# ---- answers and files

# A masked integer column is declared double, and a frame carries it as such.
function framed(field::Field, @nospecialize column)
    field.type == "double" && nonmissingtype(eltype(column)) <: Integer || return column
    return Union{Missing,Float64}[ismissing(value) ? missing : Float64(value) for value in column]
end

function write_table(path::String, kind::Int, fields::Vector{Field}, columns::Vector{Any})
    names = String[field.name for field in fields]
    write(path, encode_frame(kind, 0, names, Any[framed(fields[k], columns[k]) for k in 1:length(fields)]))
end

# ---- answers

"The model's live answers on the table, as names and columns."
function answers(@nospecialize(model), @nospecialize(predict), table::Table)
    shaped = Base.invokelatest(table.make, table.names, table.columns)
    output = try
        predict === nothing ? Base.invokelatest(model, shaped) : Base.invokelatest(predict, model, shaped)
    catch error
        error isa InterruptException && rethrow()
        columns = join(table.names[1:min(end, 10)], ", ")
        reject("predict failed on the data: $(words(error)).",
               "It is called as predict(model, data), with the columns $columns in a $(nameof(typeof(shaped))).")
    end
    names, columns = output_columns(output)
    for k in 1:length(columns)
        given, wanted = length(columns[k]), row_count(table)
        given == wanted || reject("predict gave $given answers for $wanted rows.", "Make it give one answer per row.")
        columns[k] = narrow(columns[k])
    end
    return names, columns
end

function output_columns(@nospecialize output)
    output isa AbstractVector && return String["prediction"], Any[output]
    output isa AbstractMatrix && return matrix_answers(output)
    output isa Union{Number,AbstractString,Nothing,Missing,Function} && reject(
        "predict gave a single $(typeof(output)).", "Make it give a vector with one answer per row.")
    answered = table(output, nothing)
    return answered.names, answered.columns
end

function matrix_answers(@nospecialize output)
    count = size(output, 2)
    names = count == 1 ? String["prediction"] : String["prediction_$k" for k in 1:count]
    return names, Any[output[:, k] for k in 1:count]
end
