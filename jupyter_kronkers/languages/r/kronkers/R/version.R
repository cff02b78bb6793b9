# What register() returns: a version of a model, and what went along with it. `answer` is the command line's.
new_version <- function(answer, facts) {
  structure(class = "kronkers_version", list(
    name = answer$name, version = answer$version, state = answer$state, reason = answer$reason, remedy = answer$remedy,
    class = facts$model$class, size_bytes = facts$model$size_bytes, rows = answer$captured$rows,
    inputs = facts$inputs, outputs = facts$outputs,
    packages = Filter(function(package) package$needed, unclass(facts$packages)),
    definitions = as.character(facts$definitions), metrics = facts$metrics,
    notebook = answer$captured$notebook, git = answer$captured$git,
    warnings = union(as.character(facts$warnings), unlist(answer$warnings))))
}

#' @export
format.kronkers_version <- function(x, ...) {
  c(sprintf("<kronkers_version> %s %s: %s", x$name, x$version, x$state),
    if (identical(x$state, "rejected")) line(trimws(paste(x$reason, x$remedy)), "because"),
    line(paste0(x$class, ", ", format(structure(x$size_bytes, class = "object_size"), units = "auto")), "model"),
    line(described(x$inputs), "inputs"),
    line(described(x$outputs), "outputs"),
    line(sprintf("%s %s", names(x$metrics), vapply(x$metrics, format, "", digits = 4L)), "metrics"),
    line(if (length(x$rows)) paste(x$rows, "rows"), "data"),
    line(vapply(x$packages, function(package) paste(package$name, package$version), ""), "packages"),
    line(x$definitions, "your own"),
    line(x$notebook, "notebook"),
    line(x$git, "commit"),
    vapply(x$warnings, line, "", label = "note", USE.NAMES = FALSE))
}

#' @export
print.kronkers_version <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

line <- function(words, label) {
  if (length(words)) sprintf("  %-9s %s", label, paste(words, collapse = ", "))
}

described <- function(fields) {
  vapply(fields, function(field) {
    levels <- length(field$levels)
    paste0(field$name, " <", field$type, if (levels) sprintf(", %d levels", levels), if (field$missing) ", may be missing", ">")
  }, "")
}

rejection <- function(version) {
  words <- sprintf("%s %s is rejected: %s %s", version$name, version$version, version$reason, version$remedy)
  structure(class = c("kronkers_rejected", "warning", "condition"), list(message = trimws(words), call = NULL, version = version))
}
