#' Register a fitted model
#'
#' Captures the model with what it needs of this session, hands it to Kronkers, and returns the new version. A fresh R
#' process has answered the same as `model` when the version is ready; if it has not, the version is rejected and a
#' warning of class `kronkers_rejected` says why and what to do.
#'
#' @param model a fitted object with a predict method, or a function of the data.
#' @param name the name of the model in the registry: small letters, digits, dots, dashes and underscores.
#' @param data a data frame or matrix: rows as the model will be given, with or without the target.
#' @param target the name(s) of the target in `data`, or its values. Never part of the inputs.
#' @param predict function(model, data), if the predict method alone does not answer what is wanted.
#' @param metrics named list of numbers.
#' @param params named list of plain values.
#' @param needs names of your own functions and values, or of packages, that the model's code mentions only as text.
#' @param title,description words for people about the model.
#' @param note what is new in this version.
#' @param notebook path of the notebook; found out where Jupyter tells it.
#' @return an object of class `kronkers_version`.
#' @examples
#' \dontrun{
#' fit <- glm(am ~ wt, binomial(), mtcars)
#' register(fit, "manual-gear", data = mtcars, target = "am",
#'          predict = function(model, data) predict(model, data, type = "response"))
#' }
#' @export
register <- function(model, name, data, target = NULL, predict = NULL, metrics = list(), params = list(),
                     needs = character(), title = "", description = "", note = "", notebook = NULL) {
  if (missing(name) || !is.character(name) || length(name) != 1L) refuse("`name` is missing: register(fit, \"bike-demand\", ...).")
  variable <- if (is.symbol(substitute(model))) as.character(substitute(model))
  folder <- tempfile("kronkers-")
  on.exit(unlink(folder, recursive = TRUE))
  facts <- kronkers_capture(model, folder, data, target, predict, metrics, params, needs, variable, notebook)
  answer <- run_command(c("models", "register", "--capture", folder, "--json", "--title", title,
                          "--description", description, "--note", note, "--", name))
  version <- new_version(answer, facts)
  if (identical(version$state, "rejected")) warning(rejection(version))
  version
}
