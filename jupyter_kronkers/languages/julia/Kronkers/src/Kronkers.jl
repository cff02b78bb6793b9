"""
From a model fitted in Julia to a versioned, proven, fast endpoint.

    using Kronkers
    version = register(fit, "bike-demand"; data = X, target = y, predict = predict, metrics = (rmse = 41.2,))
    answer = call_deployment("bike-demand", X[1:3, :])

Julia's standard library only; the registry is reached through the command `jupyter-kronkers`.
"""
module Kronkers

export register, call_deployment, KronkersError

# Set up with the package: frames.jl, capture.jl and what lies between, the same text a live kernel is sent.
for name in readlines(joinpath(@__DIR__, "capture", "order"))
    include_dependency(joinpath(@__DIR__, "capture", name))
    include(joinpath("capture", name))
end

include("reading.jl")
include("command.jl")
include("register.jl")
include("deployment.jl")

end
