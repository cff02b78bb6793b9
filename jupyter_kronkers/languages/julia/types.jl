# The types of columns in MLflow's words.

using Dates: Date, DateTime

"One column of the signature. `native` is its type in Julia, `type` in MLflow."
struct Field
    name::String
    type::String
    native::String
    levels::Union{Nothing,Vector{String}}
    missing::Bool
end

mlflow_type(::Type{Bool}) = "boolean"
mlflow_type(::Type{<:Union{Int8,Int16,Int32,UInt8,UInt16}}) = "integer"
mlflow_type(::Type{<:Integer}) = "long"
mlflow_type(::Type{<:Union{Float16,Float32}}) = "float"
mlflow_type(::Type{<:Real}) = "double"
mlflow_type(::Type{<:Union{AbstractString,Symbol,AbstractChar}}) = "string"
mlflow_type(::Type{<:Union{Date,DateTime}}) = "datetime"
mlflow_type(type) = nameof(type) in (:CategoricalValue, :CategoricalString) ? "string" : ""

native_name(type) = mlflow_type(type) == "string" && !(type <: Union{Symbol,Char}) ? "String" : string(nameof(type))

function field(name::String, @nospecialize column)
    type = nonmissingtype(eltype(column))
    declared = type === Union{} || !(type isa DataType) ? "" : mlflow_type(type)
    declared == "" && reject("The column $name holds $type, which a signature cannot name.",
                             "Give numbers, booleans, text, dates, and missing.")
    holes = any(ismissing, column)
    holes && declared in ("integer", "long") && (declared = "double")        # as MLflow advises
    return Field(name, declared, native_name(type), levels_of(column), holes)
end

fields_of(names::Vector{String}, columns::Vector{Any}) = Field[field(names[k], columns[k]) for k in 1:length(names)]
field_object(f::Field) =
    object("name", f.name, "type", f.type, "native", f.native, "levels", f.levels, "missing", f.missing)

# CategoricalArrays by shape, because that package is not ours to load.
function levels_of(@nospecialize column)
    occursin("Categorical", string(nameof(typeof(column)))) && hasproperty(column, :pool) || return nothing
    return strings(column.pool.levels)
end

# Columns of Any, as some readers of CSV give them, have the type of their values.
narrow(@nospecialize column) = isconcretetype(nonmissingtype(eltype(column))) ? column : identity.(column)

function strings(@nospecialize values)
    made = String[]
    for value in values
        push!(made, string(value))
    end
    return made
end
