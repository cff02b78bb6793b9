# The command `jupyter-kronkers`, which does what Julia need not know: upload, prove, number.

"The command's words: KRONKERS_COMMAND, else what the setup wrote, else the program on PATH."
function command_words()
    given = get(ENV, "KRONKERS_COMMAND", "")
    isempty(given) || return Base.shell_split(given)
    written = joinpath(dirname(@__DIR__), "command")
    found = isfile(written) ? filter(!isempty, readlines(written)) : String[]
    return !isempty(found) && isfile(first(found)) ? found : ["jupyter-kronkers"]
end

"""
Run `jupyter-kronkers` and give what it answered as JSON; exit status 5 is a version that was rejected, which is an
answer too. Throws `KronkersError` with the command's own words.
"""
function run_command(arguments::Vector{String})
    words = command_words()
    Sys.which(first(words)) === nothing && reject(
        "The command $(first(words)) is not there.",
        "Install it: pip install jupyter-kronkers; " *
        "or say where it is: ENV[\"KRONKERS_COMMAND\"] = \"/path/to/jupyter-kronkers\".")
    out, err = IOBuffer(), IOBuffer()
    command = setenv(Cmd(vcat(words, arguments)), environment_of_others())
    process = run(pipeline(ignorestatus(command), stdin = devnull, stdout = out, stderr = err))
    said, told = String(take!(out)), String(take!(err))
    process.exitcode in (0, 5) || throw(failure(said, told, process))
    return read_json(said)
end

# Where Julia is started with libraries of its own, Python must not find those.
function environment_of_others()
    environment = Dict(ENV)
    paths = filter(path -> !startswith(path, dirname(Sys.BINDIR)), split(pop!(environment, "LD_LIBRARY_PATH", ""), ':'))
    isempty(join(paths)) || (environment["LD_LIBRARY_PATH"] = join(paths, ':'))
    return environment
end

"The words of a problem as the command line and the gateway write it, or nothing."
function problem_in(text)
    problem = try read_json(text) catch; nothing end
    problem isa Dict && haskey(problem, "message") || return nothing
    return KronkersError(string(problem["message"]), string(something(get(problem, "remedy", ""), "")))
end

# With --json a failure is an object with a message; where even that failed, it is text.
function failure(said, told, process)
    problem = problem_in(said)
    problem === nothing || return problem
    text = strip(told * said)
    isempty(text) && (text = "The command failed (status $(process.exitcode), signal $(process.termsignal)).")
    return KronkersError(text, "")
end
