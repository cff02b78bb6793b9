# Finds fitted models and rows of data among the names of a running notebook.
#
# Sent as text to the kernel behind json.R; defines functions and nothing else. It only looks: promises are not forced,
# active bindings do not run, no method of anybody's class is called, nothing is loaded or left behind.

most_things <- 200L
most_columns <- 500L
longest_look_s <- 2
metric_names <- paste0("^(.*[._])?(mse|rmse|mae|mape|r2|rsq|r_squared|auc|f1|accuracy|acc|precision|recall|logloss|log_loss|",
                       "brier|aic|bic)([._].*)?$")

#' What can be registered, as JSON: models, data, metrics, and the likely choice among them.
kronkers_probe <- function(env = globalenv()) {
  things <- lying_there(env)
  ends <- proc.time()[["elapsed"]] + longest_look_s
  found <- function(describe) {
    seen <- lapply(names(things), function(name) if (proc.time()[["elapsed"]] < ends) describe(name, things[[name]], things))
    utils::head(Filter(Negate(is.null), seen), most_things)
  }
  models <- found(model_found)
  data <- found(data_found)
  told <- function(facts) I(lapply(facts, function(fact) fact[setdiff(names(fact), "hints")]))
  to_json(list(models = told(models), data = told(data), metrics = metrics_found(things), likely = likely(models, data)))
}

# The values of a notebook's names, without those that would have to be computed first.
lying_there <- function(env) {
  names <- ls(env)
  names <- names[nchar(names) <= 200L & !vapply(names, function(name) bindingIsActive(as.name(name), env), NA)]
  # R's own way to copy bindings, and the only one that leaves promises alone; substitute then shows which they are.
  copy <- new.env(parent = emptyenv())
  .Internal(importIntoEnv(copy, names, env, names))
  values <- lapply(names, function(name) eval(call("substitute", as.name(name), copy)))
  names(values) <- names
  rm(list = names, envir = copy)
  values[!vapply(values, is.language, NA)]
}

# ---- models ----------------------------------------------------------------------------------------------------

model_found <- function(name, thing, things) {
  kinds <- attr(thing, "class")
  if (is.null(kinds) || is.function(thing) || any(c("data.frame", "factor") %in% kinds)) return(NULL)
  owner <- owner_of_predict(thing, kinds, things)
  if (is.null(owner)) return(NULL)
  formula <- formula_of(thing)
  features <- if (is.null(formula)) importance_of(thing) else formula$features
  list(name = name, class = as.character(kinds)[1L], size_bytes = as.double(utils::object.size(thing)),
       features = if (length(features)) I(utils::head(features, most_columns)), module = owner,
       defined = tryCatch(made_by(thing), error = function(e) NULL),
       hints = list(target = formula$target, data = data_name(thing)))
}

# The package that knows how to predict with it, or .GlobalEnv; NULL if nobody does.
owner_of_predict <- function(thing, kinds, things) {
  registered <- get(".__S3MethodsTable__.", envir = asNamespace("stats"))
  for (method in paste0("predict.", kinds)) {
    if (is.function(things[[method]])) return(".GlobalEnv")
    # A package that is installed lazily keeps its methods as promises of its own; exists() without a mode leaves them.
    if (exists(method, registered, inherits = FALSE)) return(package_of(registered[[method]]))
    for (place in grep("^package:", search(), value = TRUE))
      if (exists(method, as.environment(place), inherits = FALSE)) return(sub("^package:", "", place))
  }
  if (isS4(thing) && methods::isGeneric("predict") && methods::hasMethod("predict", kinds[1L])) attr(kinds, "package")
}

package_of <- function(method) {
  place <- topenv(environment(method))
  if (isNamespace(place)) unname(getNamespaceName(place)) else ".GlobalEnv"
}

# A part of a list-like object, without its class's own idea of parts.
part <- function(thing, name) if (typeof(thing) == "list") .subset2(thing, name)

formula_of <- function(thing) {
  terms <- part(thing, "terms")
  variables <- attr(terms, "variables")
  if (!is.call(variables)) return(NULL)
  response <- attr(terms, "response")
  answered <- if (length(response) == 1L && response > 0L) all.vars(variables[[response + 1L]])
  given <- as.list(variables)[-c(1L, if (length(answered)) response + 1L)]
  list(features = setdiff(unlist(lapply(given, all.vars)), answered), target = answered[1L])
}

# A random forest fitted on columns knows them as the rows of this matrix.
importance_of <- function(thing) {
  importance <- part(thing, "importance")
  if (length(attr(importance, "dim")) == 2L) attr(importance, "dimnames")[[1L]]
}

# The call that fitted it, as many models keep it. In which cell that stands R does not know.
made_by <- function(thing) {
  call <- part(thing, "call")
  if (!is.call(call) || !is.symbol(call[[1L]]) || length(call) > 50L) return(NULL)
  # Data that were spliced into the call by do.call would be written out in full.
  short <- as.call(lapply(as.list(call), function(x) if (is.language(x) || is.atomic(x) && length(x) < 5L) x else quote(...)))
  text <- gsub("\\s+", " ", paste(deparse(short, width.cutoff = 120L, nlines = 3L), collapse = " "))
  if (nchar(text) > 120L) paste0(substr(text, 1L, 119L), "\u2026") else text
}

data_name <- function(thing) {
  call <- part(thing, "call")
  named <- if (is.call(call)) as.list(call)[["data"]]
  if (is.symbol(named)) as.character(named)
}

# ---- data and metrics ------------------------------------------------------------------------------------------

data_found <- function(name, thing, things) {
  kinds <- attr(thing, "class")
  size <- attr(thing, "dim")
  if ("data.frame" %in% kinds && typeof(thing) == "list")
    return(list(name = name, class = kinds[1L], rows = .row_names_info(thing, 2L), columns = columns_of(attr(thing, "names")),
                types = I(vapply(seq_len(min(length(unclass(thing)), most_columns)), function(at) type_of(.subset2(thing, at)), ""))))
  if (is.null(kinds) && is.atomic(thing) && length(size) == 2L)
    list(name = name, class = "matrix", rows = size[1L], columns = matrix_columns(attr(thing, "dimnames")[[2L]], size[2L]),
         types = I(vapply(seq_len(min(size[2L], most_columns)), function(at) type_of(thing[, at]), "")))
}

# As a capture names them.
matrix_columns <- function(names, width) columns_of(if (is.null(names)) paste0("V", seq_len(width)) else names)

# As a capture would declare it (field in capture.R); "" for what cannot travel.
type_of <- function(column) {
  kinds <- setdiff(attr(column, "class"), "AsIs")
  if (!is.null(attr(column, "dim"))) return("")
  if (length(kinds)) return(if ("factor" %in% kinds) "string" else if (any(c("Date", "POSIXct") %in% kinds)) "datetime" else "")
  switch(typeof(column), logical = "boolean", integer = if (anyNA(column)) "double" else "long", double = "double",
         character = "string", "")
}

columns_of <- function(names) I(utils::head(as.character(names), most_columns))

# Single numbers by their names, also those in a list or vector called metrics.
metrics_found <- function(things) {
  inside <- things[["metrics"]]
  if (!is.object(inside) && !is.null(names(inside))) things <- c(things, as.list(inside))
  numeric <- vapply(things, function(x) is.null(attributes(x)) && is.numeric(x) && length(x) == 1L && is.finite(x), NA)
  lapply(utils::head(things[numeric & grepl(metric_names, names(things), ignore.case = TRUE)], most_things), as.double)
}

# The model whose data is here too; among several the one that is named as people name it.
likely <- function(models, data) {
  pairs <- lapply(models, function(model) list(model = model$name, data = data_of(model, data), target = model$hints$target))
  if (!length(pairs)) return(NULL)
  with_data <- vapply(pairs, function(pair) !is.null(pair$data), NA)
  named <- vapply(pairs, function(pair) grepl("^(fit|model|final|best)", pair$model), NA)
  best <- pairs[[order(!with_data, !named)[1L]]]
  columns <- unlist(lapply(data, function(found) if (identical(found$name, best$data)) found$columns))
  list(model = best$model, data = best$data, target = if (isTRUE(best$target %in% columns)) best$target)
}

# The data that the model's call names, else the first that has all its features.
data_of <- function(model, data) {
  names <- vapply(data, `[[`, "", "name")
  if (isTRUE(model$hints$data %in% names)) return(model$hints$data)
  fits <- vapply(data, function(found) length(model$features) && all(model$features %in% found$columns), NA)
  fits <- names[fits]
  c(grep("train", fits, value = TRUE), fits, list(NULL))[[1L]]
}
