# Questions an editor asks: completion, documentation, whether a cell is finished. Positions are counted in characters.

function complete(code, position)
    at = parse(Int, position)
    byte = at <= 0 ? 0 : nextind(code, 0, min(at, length(code)))
    texts, range = try
        found, span, _ = Base.invokelatest(REPLCompletions.completions, code, byte, Main)
        unique(map(REPLCompletions.completion_text, found)), span
    catch
        String[], 1:0                                   # half-written code may break the completer: no completions
    end
    start = isempty(texts) ? at : characters(code, first(range) - 1)
    stop = isempty(texts) ? at : isempty(range) ? start : characters(code, last(range))
    send("complete", string(start), string(stop), texts...)
end
characters(code, byte) = byte <= 0 ? 0 : length(code, 1, thisind(code, min(byte, ncodeunits(code))))

function tell_complete(code)
    parsed = Base.parse_input_line(code)
    last_part = parsed isa Expr && parsed.head === :toplevel && !isempty(parsed.args) ? parsed.args[end] : parsed
    head = last_part isa Expr ? last_part.head : :none
    send("is_complete", head === :incomplete ? "incomplete" : head === :error ? "invalid" : "complete")
end

"The documentation of the name under the cursor. Only names and dots are looked at, so that nothing is run."
function inspect_name(code, position)
    name = name_at(collect(code), parse(Int, position))
    try
        (isempty(name) || !is_known(Meta.parse(name))) && return send("inspect", "no")
        docs = Base.invokelatest(Core.eval, Main, REPL.helpmode(devnull, name))
        send("inspect", "ok", shown(MIME("text/plain"), docs), shown(MIME("text/markdown"), docs))
    catch
        send("inspect", "no")
    end
end

function name_at(chars, position)
    belongs(char) = Base.is_id_char(char) || char in ('.', '@')
    first = last = clamp(position, 0, length(chars))
    while first > 0 && belongs(chars[first])
        first -= 1
    end
    while last < length(chars) && belongs(chars[last+1])
        last += 1
    end
    return String(strip(String(chars[first+1:last]), '.'))
end

is_known(code) = false
is_known(code::Symbol) = isdefined(Main, code) || haskey(Base.Docs.keywords, code)
is_known(code::Expr) = code.head === :macrocall || code.head === :. && module_of(code.args[1]) !== nothing
module_of(code::Symbol) = isdefined(Main, code) ? getfield(Main, code) : nothing
function module_of(code::Expr)
    outer = code.head === :. ? module_of(code.args[1]) : nothing
    return outer isa Module && isdefined(outer, code.args[2].value) ? getfield(outer, code.args[2].value) : nothing
end
