# Rich display: a value as a bundle of MIME types.

const TEXTUAL = ["text/html", "text/markdown", "text/latex", "image/svg+xml", "application/json",
                 "application/vnd.vegalite.v5+json", "application/vnd.vegalite.v4+json",
                 "application/vnd.plotly.v1+json"]
const BINARY = ["image/png", "image/jpeg", "application/pdf"]

in_notebook(io) = IOContext(io, :limit => true, :color => false, :displaysize => (30, 100), :module => Main)
shown(mime, value) = sprint((io, v) -> Base.invokelatest(show, in_notebook(io), mime, v), value)
can_show(mime, value) = Base.invokelatest(showable, mime, value)

function shown_bytes(mime, value)
    io = IOBuffer()
    Base.invokelatest(show, in_notebook(io), mime, value)
    return base64encode(take!(io))
end

"Alternating MIME types and texts; bytes in base64."
function bundle(value)
    found = ["text/plain", shown(MIME("text/plain"), value)]
    for name in TEXTUAL
        can_show(MIME(name), value) && push!(found, name, shown(MIME(name), value))
    end
    for name in BINARY
        can_show(MIME(name), value) && push!(found, name, shown_bytes(MIME(name), value))
    end
    return found
end

"The display of a cell: `display(x)` goes to the notebook."
struct CellDisplay <: AbstractDisplay end

function Base.display(::CellDisplay, value)
    parts = bundle(value)
    send("display", mark_output(), parts...)
end
Base.display(target::CellDisplay, mime::AbstractString, value) = display(target, MIME(mime), value)
function Base.display(::CellDisplay, mime::MIME, value)
    can_show(mime, value) || throw(MethodError(display, (mime, value)))
    part = istextmime(mime) ? shown(mime, value) : shown_bytes(mime, value)
    send("display", mark_output(), string(mime), part)
end
Base.displayable(::CellDisplay, mime::MIME) = string(mime) in vcat("text/plain", TEXTUAL, BINARY)
