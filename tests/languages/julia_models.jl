# Models that trouble a capture, as a person writes them in a script. Run as `julia julia_models.jl CAPTURE FOLDER`:
# each is captured into FOLDER/<name>; what cannot be captured says why in FOLDER/<name>.txt.

module Capture
include(Main.ARGS[1])
end

using LinearAlgebra: norm
using Statistics, Dates
import Base: length

const FOLDER = ARGS[2]

function store(name, model; options...)
    try
        Capture.capture(model, joinpath(FOLDER, name); options...)
    catch error
        error isa Capture.KronkersError || rethrow()
        write(joinpath(FOLDER, name * ".txt"), sprint(showerror, error))
    end
end

const X = Float64[k % 7 + 0.5 * j for k in 1:60, j in 1:3]
const AGES = Union{Missing,Int}[k % 9 == 0 ? missing : k for k in 1:40]

# ---- a struct of Main, with documentation, parameters, constructors and a supertype

abstract type Regressor end

"Weights and a bias."
struct Ridge{T<:Real} <: Regressor
    weights::Vector{T}
    bias::T
    Ridge{T}(weights, bias) where {T} = new{T}(weights, bias)
end
Ridge(weights::Vector{T}) where {T} = Ridge{T}(weights, zero(T))
length(model::Ridge) = length(model.weights)
Base.getindex(model::Ridge, k) = model.weights[k]
predict(model::Ridge, X) = X * [model[k] for k in 1:length(model)] .+ model.bias

store("struct", Ridge([1.0, -2.0, 0.5]);
      data = X, target = rand(60), metrics = (rmse = 1.5,), params = Dict(:lambda => 0.1))

# ---- globals: a constant, a variable, a table, a helper that uses another, keywords, a macro

const SCALE = [2.0, 1.0, 0.5]
const KEYS = Dict(:low => -1.0, :high => 1.0)
offset = 5.0
macro twice(x)
    :(2 * $(esc(x)))
end
shift(x; by = offset) = x + by + KEYS[:high]
scaled(X) = X .* SCALE'
@inline halved(x) = x / @twice 1.0
score(model, X) = [halved(shift(norm(row) + mean(row))) * model.factor for row in eachrow(scaled(X))]

store("globals", (factor = 3.0,); data = X, predict = score)

# ---- closures: over locals, over globals, one that calls itself

function trained(factor)
    inner(x) = factor * x + offset
    return X -> map(inner, X[:, 1])
end
store("closure", trained(2.5); data = X, predict = (model, X) -> model(X) .+ SCALE[1])

# ---- an object that is called

struct Affine
    a::Float64
end
(model::Affine)(data) = model.a .* data.x .+ length(data.kind[1])
store("callable", Affine(2.0);
      data = (x = collect(1.0:30), kind = repeat(["a", "bcd", "é"], 10)), predict = (m, d) -> m(d))

# ---- columns of every kind, and missing values

describe(age, name, born, member, code) =
    string(coalesce(age, -1), name, year(born), member, code, typeof(coalesce(age, 0)))
answer_text(model, d) = describe.(d.age, d.name, d.born, d.member, d.code)
people = (age = AGES, name = ["n$k é" for k in 1:40], born = [Date(1980, 1, 1) + Day(37k) for k in 1:40],
          member = isodd.(1:40), code = Int16.(1:40), at = [DateTime(2020, 1, 1, 0, 0, 0, 250) + Hour(k) for k in 1:40])
store("kinds", Affine(1.0); data = people, target = [:at], predict = answer_text)

named(model, d) = (low = d["x"] .- 1, high = d["x"] .+ 1)
store("dict", Affine(1.0); data = Dict("x" => collect(1:30), "y" => rand(30)), target = "y", predict = named)

several(model, X) = hcat(X[:, 1], 2 .* X[:, 2])
store("matrix", Affine(1.0); data = X, names = ["hr", "temp", "wind"], predict = several)

# ---- a module of the notebook's own, and methods made in a loop

module Nets
struct Net
    layers::Vector{Matrix{Float64}}
end
run(net::Net, X) = vec(foldl((a, layer) -> tanh.(a * layer), net.layers; init = X))
end
for (name, operation) in ((:plus, :+), (:minus, :-))
    @eval $name(a, b) = $operation(a, b)
end
forward(model, X) = minus.(plus.(Nets.run(model, X), 1.0), 0.25)
store("module", Nets.Net([ones(3, 2), ones(2, 1)]); data = X, predict = forward)

# ---- an array of structs that contain one another

struct Leaf
    value::Float64
end
struct Node
    at::Float64
    left::Union{Leaf,Node}
    right::Union{Leaf,Node}
end
ask(leaf::Leaf, row) = leaf.value
ask(node::Node, row) = row[1] < node.at ? ask(node.left, row) : ask(node.right, row)
ask_all(trees, X) = [sum(ask(tree, X[k, :]) for tree in trees) for k in 1:size(X, 1)]
store("trees", [Node(2.0, Leaf(1.0), Node(4.0, Leaf(2.0), Leaf(3.0))) for _ in 1:5]; data = X, predict = ask_all)

# ---- what is not seen in the code, and source given as text

hidden_helper(x) = x + 1
by_name(model, X) = [getfield(Main, Symbol("hidden_", "helper"))(x) for x in X[:, 1]]
store("needs", Affine(1.0); data = X, predict = by_name, needs = [:hidden_helper])
store("given", Affine(2.0); data = X, predict = by_name,
      definitions = "struct Affine\n    a::Float64\nend\nhidden_helper(x) = x + 1\n" *
                    "by_name(model, X) = [hidden_helper(x) for x in X[:, 1]]\n")

# ---- what nobody needs must not come along

const SESSION_DATA = rand(1_000_000)
unrelated(x) = SESSION_DATA[x]
plain(model, X) = X[:, 1] .* model.a
store("lean", Affine(1.5); data = X, predict = plain)

# ---- what cannot be captured

eval(Meta.parse("from_nowhere(model, X) = X[:, 1]"))
store("no-source", Affine(1.0); data = X, predict = from_nowhere)
store("bad-predict", Affine(1.0); data = X, predict = (m, d) -> error("no such column"))
store("one-answer", Affine(1.0); data = X, predict = (m, d) -> 1.0)
store("short-answer", Affine(1.0); data = X, predict = (m, d) -> [1.0])
store("complex", Affine(1.0); data = (x = [1.0 + 2im],), predict = (m, d) -> [1.0])
store("vector", Affine(1.0); data = [1.0, 2.0], predict = (m, d) -> d)
store("no-rows", Affine(1.0); data = zeros(0, 2), predict = (m, d) -> d[:, 1])
store("unknown-need", Affine(1.0); data = X, predict = plain, needs = ["nothing_of_that_name"])
store("task", (running = @async(sleep(600)), started = yield()); data = X, predict = (m, d) -> d[:, 1])
