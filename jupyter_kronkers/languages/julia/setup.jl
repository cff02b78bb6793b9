# Makes `using Kronkers` work in every session of this Julia, without a registry:
#
#   julia setup.jl PACKAGE     PACKAGE is the folder of the installed package
#
# The package is added to the default environment by hand, as `Pkg.develop` would write it: that one asks for registries
# first. Every session has the default environment in its LOAD_PATH, whatever project is active. Prints what it changed.

import Pkg

const PACKAGE = ARGS[1]
const FACTS = Pkg.TOML.parsefile(joinpath(PACKAGE, "Project.toml"))
const HOME = joinpath(first(DEPOT_PATH), "environments", "v$(VERSION.major).$(VERSION.minor)")

parsed(path) = isfile(path) ? Pkg.TOML.parsefile(path) : Dict{String,Any}()

"Replace a file in one step, and only if it says something else."
function replace_file(path, content)
    parsed(path) == content && return false
    mkpath(dirname(path))
    open(io -> Pkg.TOML.print(io, content; sorted = true), path * ".new", "w")
    mv(path * ".new", path; force = true)
    return true
end

function project_file()
    for name in ("JuliaProject.toml", "Project.toml")
        isfile(joinpath(HOME, name)) && return joinpath(HOME, name)
    end
    return joinpath(HOME, "Project.toml")
end

function manifest_file(project)
    found = isfile(project) ? Base.project_file_manifest_path(project) : nothing
    return found === nothing ? joinpath(HOME, "Manifest.toml") : found
end

"The manifest with our entry. Since 1.6.2 entries lie under `deps`; a new file is written as this Julia writes it."
function with_package(manifest)
    entry = Dict{String,Any}("path" => PACKAGE)
    for key in ("uuid", "version", "deps")
        entry[key] = FACTS[key]
    end
    if isempty(manifest) && VERSION >= v"1.7"
        manifest = Dict{String,Any}("manifest_format" => "2.0", "julia_version" => string(VERSION))
    end
    entries = haskey(manifest, "manifest_format") ? get!(manifest, "deps", Dict{String,Any}()) : manifest
    entries[FACTS["name"]] = Any[entry]
    return manifest
end

project, name = project_file(), FACTS["name"]
manifest = manifest_file(project)
content = parsed(project)
get!(content, "deps", Dict{String,Any}())[name] = FACTS["uuid"]
changed = replace_file(project, content) | replace_file(manifest, with_package(parsed(manifest)))
changed && println("$name is in the default environment of Julia $VERSION ($project).")
Base.require(Base.PkgId(Base.UUID(FACTS["uuid"]), name))       # compiles it once, so that the first `using` is quick
