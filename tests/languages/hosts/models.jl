# Julia models for the hosts' tests, good and bad, each saved as a capture has it: julia models.jl FOLDER
using Dates, Serialization

const ROOT = ARGS[1]

function saved(name, definitions; object = nothing, predict = "(m, d) -> d.x .* 2", inputs = [("x", "Float64", nothing)],
               container = "columns", version = VERSION, layout = Dict{String,String}(), types = ["double"])
    folder = mkpath(joinpath(ROOT, name, "model"))
    outputs = join(("""{"name":"prediction$k","type":"$type"}""" for (k, type) in enumerate(types)), ",")
    write(joinpath(ROOT, name, "capture.json"), """{"format":1,"language":"julia","runtime":{"version":"$version"},
        "model":{"file":"model/model.jls"},"container":"$container","inputs":[],"outputs":[$outputs]}""")
    model = (format = 1, object = object, predict = nothing, container = container, version = string(version),
             inputs = inputs, layout = layout)
    write(joinpath(folder, "definitions.jl"), definitions * "\npredict(m, d) = ($predict)(m, d)\n")
    open(io -> serialize(io, model), joinpath(folder, "model.jls"), "w")
end

struct Line
    slope::Float64
    intercept::Float64
end
const LINE = "struct Line\n    slope::Float64\n    intercept::Float64\nend"

saved("doubles", "")
saved("struct", LINE; object = Line(2.0, 1.0), predict = "(m, d) -> m.slope .* d.x .+ m.intercept")
saved("other_struct", "struct Line\n    slope::Vector{String}\n    intercept::Float64\n    more::Vector{Int}\nend";
      object = Line(2.0, 1.0))
saved("other_layout", LINE; object = Line(2.0, 1.0), layout = Dict("Line" => "0"^64))
saved("other_julia", ""; version = v"1.99.0")
saved("environment", "";
      predict = """(m, d) -> fill(string("{\\"environ\\":{", join(("\$(repr(k)):\$(repr(v))" for (k, v) in ENV), ","), "},\\"cwd\\":\$(repr(pwd()))}"), length(d.x))""")
saved("loops", ""; predict = "(m, d) -> while true end")
saved("prints", ""; predict = "(m, d) -> while true; println('x'^1_000_000); end")
saved("prints_then_answers", ""; predict = "(m, d) -> (println(\"KF1\"); println(stderr, \"KF1\"); d.x)")
saved("eats", ""; predict = "(m, d) -> (l = Any[]; while true; push!(l, zeros(10^6)); end)")
saved("leaves_children", "";
      predict = "(m, d) -> (run(`sh -c \"setsid sleep 86399 & sleep 86399 &\"`); exit())")
saved("quits", ""; predict = "(m, d) -> exit()")
saved("crashes", ""; predict = "(m, d) -> unsafe_load(Ptr{Int}(8))")
saved("raises", ""; predict = "(m, d) -> error(\"no é\")")
saved("short", ""; predict = "(m, d) -> d.x[1:1]")
saved("strange", ""; predict = "(m, d) -> fill(sin, length(d.x))")
saved("not_finite", ""; predict = "(m, d) -> [NaN, Inf, -0.0][1:length(d.x)]")
saved("whole", ""; predict = "(m, d) -> round.(Int32, d.x)")
saved("gaps", ""; predict = "(m, d) -> [missing, 1][1:length(d.x)]")
saved("matrix", ""; predict = "(m, d) -> [d.x 2 .* d.x]", types = ["double", "double"])
saved("undefined", ""; predict = "(m, d) -> rush_hour(d)")
saved("needs_package", "using NoSuchPackage")
saved("garbage", "")
write(joinpath(ROOT, "garbage", "model", "model.jls"), "garbage")

kinds = [("i", "Int64", nothing), ("i32", "Int32", nothing), ("f", "Float64", nothing), ("b", "Bool", nothing),
         ("s", "String", nothing), ("y", "Symbol", nothing), ("D", "Date", nothing), ("T", "DateTime", nothing),
         ("gap", "Int64", nothing)]
saved("kinds", "using Dates"; inputs = kinds, types = ["string", "datetime", "datetime"],
      predict = "(m, d) -> (types = fill(join(eltype.(values(d)), \" \"), length(d.i)), D = d.D, T = d.T .+ Day(1))")
saved("matrix_given", ""; container = "matrix", inputs = [("x", "Float64", nothing), ("z", "Float64", nothing)],
      predict = "(m, d) -> (@assert d isa Matrix{Float64}; vec(sum(d, dims = 2)))")
saved("column_given", ""; container = "matrix", inputs = [("x", "Float64", nothing)],
      predict = "(m, d) -> (@assert d isa Matrix{Float64}; vec(sum(d, dims = 2)))")
saved("dict_given", ""; container = "dict", predict = "(m, d) -> d[\"x\"]")
saved("symboldict_given", ""; container = "symboldict", predict = "(m, d) -> d[:x]")
