# Starts the Julia side of our kernel: `julia kernel_boot.jl`, with the socket and the mark in the environment.
#
# The module goes where packages go, not into Main: the user's names stay the user's, and capture.jl finds it among
# the loaded modules, as it finds IJulia.

Base.include(Base.__toplevel__, joinpath(@__DIR__, "kernel_server.jl"))

let taken(name) = pop!(ENV, name, ""),
    server = first(m for (id, m) in Base.loaded_modules if id.name == "KronkersKernel"),
    socket = taken("KRONKERS_KERNEL_SOCKET"),
    mark = taken("KRONKERS_KERNEL_MARK")

    empty!(ARGS)
    Base.invokelatest(server.serve, socket, mark)
end
