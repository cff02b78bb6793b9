# The signature that a capture would have, read off the data: the model is not asked.

"""
    preview(model, data; target, name) -> JSON text

`inputs`, `outputs` and `notes` about them. `target`: its values, or the name of a column of `data`; `name` is what it is
called. Throws `KronkersError` for what a capture would refuse of the data.
"""
function preview(@nospecialize(data); target = nothing, name = nothing)
    rows = table(data, nothing)
    named = target isa AbstractString ? String[target] : String[]
    for label in named
        label in rows.names || reject("The target $label is no column of the data.", "They are $(join(rows.names, ", ")).")
    end
    inputs = without(rows, named)
    outputs = target === nothing ? Field[] : Field[answered(target isa AbstractString ? column(rows, target) : target)]
    said = isempty(outputs) ? "is not known yet" : "has the type of the target, $name"
    notes = String["The answer $said; the model itself is asked when you register."]
    return json(object("inputs", map(field_object, fields_of(inputs.names, inputs.columns)),
                       "outputs", map(field_object, outputs), "notes", notes))
end

column(rows::Table, name) = rows.columns[findfirst(==(name), rows.names)]

# A regression answers with fractions also where it was fitted to whole numbers.
function answered(@nospecialize values)
    found = field("prediction", narrow(values))
    found.type in ("integer", "long") || return found
    return Field("prediction", "double", "Float64", nothing, found.missing)
end
