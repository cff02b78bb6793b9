# Which names code takes from outside itself (codetools is not part of a lean R). Where it cannot be known, too many
# names are named rather than too few: a name that is not the notebook's own costs nothing.

# list(functions, variables, packages) of a function, or of other code in which the names in `bound` mean nothing outside.
globals_of <- function(code, bound = character()) {
  found <- new.env(parent = emptyenv())
  found$functions <- found$variables <- found$packages <- character()
  if (is.function(code)) walk_function(formals(code), body(code), bound, found) else walk(code, bound, found)
  lapply(mget(c("functions", "variables", "packages"), found), unique)
}

walk_function <- function(formals, body, bound, found) {
  bound <- c(bound, names(formals))
  for (default in present(formals)) walk(default, bound, found)
  walk(body, bound, found)
}

# The parts of code, without the holes of x[, 1].
present <- function(code) {
  parts <- as.list(code)
  parts[!vapply(parts, function(part) identical(part, quote(expr = )), NA)]
}

# Notes what the code uses; returns the names that are local after it.
walk <- function(code, bound, found) {
  if (is.symbol(code)) {
    if (!as.character(code) %in% c(bound, "...")) found$variables <- c(found$variables, as.character(code))
    return(bound)
  }
  if (is.function(code)) {
    walk_function(formals(code), body(code), bound, found)
    return(bound)
  }
  if (!is.call(code)) return(bound)
  if (!is.symbol(code[[1L]])) return(walk_parts(present(code), bound, found))
  name <- as.character(code[[1L]])
  found$functions <- c(found$functions, name)
  special <- walkers[[name]]
  if (is.null(special)) walk_parts(present(code)[-1L], bound, found) else special(code, bound, found)
}

walk_parts <- function(parts, bound, found) {
  for (part in parts) bound <- walk(part, bound, found)
  bound
}

walk_assignment <- function(code, bound, found) {
  bound <- walk(code[[3L]], bound, found)
  target <- code[[2L]]
  if (is.call(target)) {
    walk(target, bound, found)
    found$functions <- c(found$functions, paste0(as.character(target[[1L]]), "<-"))
    while (is.call(target) && length(target) > 1L) target <- target[[2L]]
  }
  c(bound, as.character(target))
}

# Only what both ways assign is surely local afterwards.
walk_if <- function(code, bound, found) {
  bound <- walk(code[[2L]], bound, found)
  ways <- lapply(as.list(code)[-(1:2)], walk, bound, found)
  if (length(ways) == 2L) intersect(ways[[1L]], ways[[2L]]) else bound
}

walk_for <- function(code, bound, found) {
  bound <- c(walk(code[[3L]], bound, found), as.character(code[[2L]]))
  walk(code[[4L]], bound, found)
  bound
}

walk_loop <- function(code, bound, found) {
  for (part in present(code)[-1L]) walk(part, bound, found)
  bound
}

# Names in a formula mean columns; its functions do not.
walk_formula <- function(code, bound, found) {
  inside <- globals_of(as.call(c(quote(list), present(code)[-1L])))
  found$functions <- c(found$functions, inside$functions)
  found$packages <- c(found$packages, inside$packages)
  bound
}

walk_package <- function(code, bound, found) {
  named <- if (length(code) > 1L) code[[2L]]
  if (is.symbol(named) || is.character(named)) found$packages <- c(found$packages, as.character(named)[1L])
  bound
}

# do.call("scale_row", ...) names a function as text.
walk_by_name <- function(code, bound, found) {
  named <- if (length(code) > 1L) code[[2L]]
  if (is.character(named)) found$functions <- c(found$functions, named)
  walk_parts(present(code)[-1L], bound, found)
}

walkers <- list(
  `function` = function(code, bound, found) {
    walk_function(code[[2L]], code[[3L]], bound, found)
    bound
  },
  `$` = function(code, bound, found) walk(code[[2L]], bound, found),
  `@` = function(code, bound, found) walk(code[[2L]], bound, found),
  `<-` = walk_assignment, `=` = walk_assignment,
  `if` = walk_if, `for` = walk_for, `while` = walk_loop, `repeat` = walk_loop,
  `~` = walk_formula, quote = function(code, bound, found) bound,
  `::` = walk_package, `:::` = walk_package, library = walk_package, require = walk_package,
  requireNamespace = walk_package, loadNamespace = walk_package,
  do.call = walk_by_name, match.fun = walk_by_name, get = walk_by_name, get0 = walk_by_name
)
