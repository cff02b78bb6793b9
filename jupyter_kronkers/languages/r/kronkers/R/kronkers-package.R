#' kronkers: register fitted models and ask deployments
#'
#' Two functions: [register()] makes a fitted model a version in the registry, [call_deployment()] asks a deployed one.
#'
#' The functions that capture a model are those that the server sends to kernels without this package: `setup` copies
#' frames.R, json.R, globals.R, packing.R and capture.R into this package when it installs it.
"_PACKAGE"

# Bound in the environment of the function that packing.R makes for the fresh process.
utils::globalVariables(c("ask", "home", "nameless", "settled"))
