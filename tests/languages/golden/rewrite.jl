# julia rewrite.jl frames.jl FOLDER OUT: writes every frame of FOLDER again; where it cannot, OUT/<name>.error says why.
include(abspath(ARGS[1]))
for name in filter(endswith(".kf"), readdir(ARGS[2]))
    try
        table = open(read_frame, joinpath(ARGS[2], name))
        open(joinpath(ARGS[3], name), "w") do io
            write_frame(io, table.kind, table.id, table.names, table.columns; rows = table.rows)
        end
    catch error
        write(joinpath(ARGS[3], name * ".error"), "$(nameof(typeof(error))): $(sprint(showerror, error))")
    end
end
