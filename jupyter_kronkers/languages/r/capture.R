# Capture: from a fitted object in this R to a folder from which another R can serve it (base R only).
#
#   data, target ──▶ features ──▶ inputs ───────────┐
#   predict(model, rows) ──▶ answers ──▶ outputs ───┼──▶ frames/*.kf, capture.json
#   model, predict ──▶ packed (packing.R) ──────────┴──▶ model/model.rds
#
# Sent to live kernels behind frames.R, json.R, globals.R and packing.R, so it defines functions and nothing else.

#' Write a fitted model and all that is needed to serve it into a folder.
#'
#' @param model a fitted object with a predict method, or a function of the data.
#' @param folder the folder to write; made if it is not there. capture.json is written last.
#' @param data a data frame or matrix: rows as the model will be given, with or without the target.
#' @param target the name(s) of the target in `data`, or its values; never part of the inputs.
#' @param predict function(model, data); the predict method of the object if NULL.
#' @param metrics,params named lists of numbers and of plain values.
#' @param needs names of the notebook's own things, or of packages, that code of the model mentions only as text.
#' @param variable,notebook the name of the model in the notebook, and the path of the notebook.
#' @return what capture.json holds, as a list. Errors are of class kronkers_error.
kronkers_capture <- function(model, folder, data, target = NULL, predict = NULL, metrics = list(), params = list(),
                             needs = character(), variable = NULL, notebook = NULL) {
  if (missing(data) || is.null(data)) refuse("`data` is missing. Give the rows the model was fitted on: data = train.")
  numbers <- list(metrics = checked_metrics(metrics), params = checked_params(params))
  features <- features_of(data, target)
  notes <- new_notes()
  ask <- answering(model, predict)
  features <- narrowed(features, model, ask, notes)
  rows <- list(sample = sample_rows(features$columns), baseline = evenly(nrow(features$columns), 1000L))
  inputs <- fields(features$columns)
  answers <- lapply(rows, function(some) asked(ask, model, features, some, notes))
  outputs <- fields(rbind(as_frame(answers$sample), as_frame(answers$baseline)))
  look_for_moods(ask, model, features, rows$sample, answers$sample, notes)
  luggage <- packed(model, ask, needs, features, rows$sample, answers$sample, notes)

  make_folders(folder)
  write_table(folder, "data", 1L, features$columns, inputs)
  write_table(folder, "sample", 1L, features$columns[rows$sample, , drop = FALSE], inputs)
  write_table(folder, "answers", 2L, answers$sample, outputs)
  write_table(folder, "baseline_answers", 2L, answers$baseline, outputs)
  write_object(folder, luggage, inputs, features)
  facts <- c(facts_now(luggage), numbers, list(
    model = list(class = class(model)[1L], variable = variable, loader = "rds", file = "model/model.rds",
                 size_bytes = file.size(file.path(folder, "model", "model.rds"))),
    container = features$container, inputs = told(inputs), outputs = told(outputs), target = I(features$target),
    notebook = if (is.null(notebook)) from_environment("JPY_SESSION_NAME") else notebook, warnings = I(notes$all())))
  write_environment(folder, luggage)
  writeLines(to_json(facts), file.path(folder, "capture.json"), useBytes = TRUE)
  invisible(facts)
}

refuse <- function(...) {
  stop(structure(class = c("kronkers_error", "error", "condition"), list(message = paste0(...), call = NULL)))
}

# Things worth saying that are no errors, each once.
new_notes <- function() {
  said <- character()
  list(say = function(...) said <<- union(said, c(...)), all = function() said)
}

listed <- function(names) paste0("`", names, "`", collapse = ", ")

checked_metrics <- function(metrics) {
  metrics <- checked_params(metrics, "metrics", "rmse = 41.2")
  numeric <- vapply(metrics, function(m) length(m) == 1L && (is.numeric(m) || identical(m, NA)), NA)
  if (!all(numeric)) refuse("`metrics` holds what is not one number: ", listed(names(metrics)[!numeric]), ".")
  lapply(metrics, as.double)
}

checked_params <- function(params, what = "params", example = "trees = 100") {
  params <- as.list(params)
  if (length(params) && (is.null(names(params)) || !all(nzchar(names(params)))))
    refuse("`", what, "` needs a name for each value: ", what, " = list(", example, ").")
  lapply(params, function(p) if (plain(p) && length(p) < 1000L) p else paste(deparse(p, nlines = 3L), collapse = " "))
}

# ---- the data --------------------------------------------------------------------------------------------------

# list(columns, container, nameless, target): the inputs as a plain data frame, and what predict is to be given.
features_of <- function(data, target) {
  if (!is.data.frame(data) && !(is.matrix(data) && is.atomic(data)))
    refuse("`data` is of class ", class(data)[1L], ". It must be a data frame, or a matrix of numbers, texts or truth values.")
  container <- if (is.data.frame(data)) "data.frame" else "matrix"
  nameless <- container == "matrix" && is.null(colnames(data))
  if (nameless) colnames(data) <- paste0("V", seq_len(ncol(data)))
  columns <- as.data.frame(data, stringsAsFactors = FALSE)
  columns <- checked_names(as_frame(unclass(columns), nrow(columns)))
  target <- target_names(target, columns)
  columns <- columns[setdiff(names(columns), target)]
  if (!length(columns)) refuse("`data` has no column besides the target.")
  if (!nrow(columns)) refuse("`data` has no rows. Give the rows the model was fitted on.")
  list(columns = columns, container = container, nameless = nameless, target = target)
}

as_frame <- function(columns, rows = length(columns[[1L]])) {
  structure(columns, class = "data.frame", row.names = .set_row_names(rows))
}

checked_names <- function(columns) {
  if (anyNA(names(columns)) || !all(nzchar(names(columns)))) refuse("`data` has a column without a name.")
  twice <- names(columns)[duplicated(names(columns))]
  if (length(twice)) refuse("`data` has more than one column ", listed(unique(twice)), ".")
  columns
}

target_names <- function(target, columns) {
  if (is.null(target) || is.character(target) && all(target %in% names(columns))) return(as.character(target))
  if (NROW(target) == nrow(columns) && nrow(columns) > 1L) return("target")
  if (!is.character(target)) refuse("`target` has ", NROW(target), " values, `data` has ", nrow(columns), " rows.")
  refuse("The target ", listed(setdiff(target, names(columns))), " is not a column of `data`, which has ",
         listed(utils::head(names(columns), 20L)), ".")
}

# Rows of the inputs in the shape that predict is given.
in_container <- function(features, rows) {
  chosen <- as_frame(unclass(features$columns[rows, , drop = FALSE]), length(rows))
  if (features$nameless) unname(as.matrix(chosen))
  else if (features$container == "matrix") `rownames<-`(as.matrix(chosen), NULL)
  else chosen
}

# At most `most` of n rows.
evenly <- function(n, most) {
  m <- min(n, most)
  floor((seq_len(m) - 1) * n / m) + 1
}

# At most 20 rows, and up to 5 of those with missing values.
sample_rows <- function(columns) {
  chosen <- evenly(nrow(columns), 20L)
  incomplete <- which(Reduce(`|`, lapply(columns, absent)))
  c(chosen, utils::head(setdiff(incomplete, chosen), 5L))
}

absent <- function(x) if (is.double(x)) is.na(x) & !is.nan(x) else is.na(x)

# What a column is to MLflow (type) and to R (native).
field <- function(x, name) UseMethod("field")
field.logical <- function(x, name) list(type = "boolean", native = "logical")
field.integer <- function(x, name) list(type = if (anyNA(x)) "double" else "long", native = "integer")
field.numeric <- function(x, name) list(type = "double", native = "double")
field.character <- function(x, name) list(type = "string", native = "character")
field.factor <- function(x, name) {
  list(type = "string", native = if (is.ordered(x)) "ordered" else "factor", levels = levels(x))
}
field.Date <- function(x, name) list(type = "datetime", native = "Date")
field.POSIXct <- function(x, name) list(type = "datetime", native = "POSIXct", zone = attr(x, "tzone")[1L])
field.AsIs <- function(x, name) field(structure(x, class = setdiff(oldClass(x), "AsIs")), name)
field.default <- function(x, name) {
  refuse("Column `", name, "` is of class ", class(x)[1L], ", which cannot travel. ",
         "Make it numbers, texts, truth values, a factor, Date or POSIXct.")
}

fields <- function(columns) {
  Map(function(x, name) {
    found <- if (is.null(dim(x)) && !is.list(x)) field(x, name) else field.default(x, name)
    list(name = name, type = found$type, native = found$native, levels = found$levels, missing = any(absent(x)), zone = found$zone)
  }, columns, names(columns))
}

# Fields as capture.json has them.
told <- function(fields) {
  unname(lapply(fields, function(f) {
    list(name = f$name, type = f$type, native = f$native, levels = if (!is.null(f$levels)) I(f$levels), missing = f$missing)
  }))
}

# ---- asking the model ------------------------------------------------------------------------------------------

# function(object, data): how this model is asked, in a form that can be carried.
answering <- function(model, predict) {
  if (is.character(predict)) predict <- get(predict, envir = globalenv(), mode = "function")
  if (is.function(predict)) return(predict)
  if (!is.null(predict)) refuse("`predict` is of class ", class(predict)[1L], ", not a function(model, data).")
  if (!is.function(model) && !has_predict(model))
    refuse("There is no predict method for class ", class(model)[1L], ". Load the package it comes from, or say how to ask it: ",
           "predict = function(model, data) ...")
  ask <- if (is.function(model)) function(object, data) object(data) else function(object, data) predict(object, data)
  environment(ask) <- globalenv()
  ask
}

has_predict <- function(model) {
  if (exists("predict", globalenv(), mode = "function", inherits = FALSE)) return(TRUE)
  kinds <- if (isS4(model)) methods::is(model) else class(model)
  of_s3 <- function(kind) !is.null(utils::getS3method("predict", kind, optional = TRUE, envir = globalenv()))
  any(vapply(kinds, of_s3, NA)) || isS4(model) && methods::isGeneric("predict") && methods::hasMethod("predict", class(model))
}

# The answers on some rows, as a named list of columns.
asked <- function(ask, model, features, rows, notes = new_notes()) {
  seed <- get0(".Random.seed", globalenv(), inherits = FALSE)
  on.exit(if (is.null(seed)) suppressWarnings(rm(".Random.seed", envir = globalenv())) else assign(".Random.seed", seed, globalenv()))
  data <- in_container(features, rows)
  answers <- tryCatch(
    withCallingHandlers(ask(model, data), warning = function(w) {
      notes$say(paste("predict warns:", conditionMessage(w)))
      invokeRestart("muffleWarning")
    }),
    error = function(e) refuse("predict fails on `data`: ", conditionMessage(e)))
  answer_columns(answers, length(rows))
}

answer_columns <- function(answers, rows) {
  if (is.matrix(answers)) answers <- as.data.frame(named_columns(answers), stringsAsFactors = FALSE, optional = TRUE)
  if (!is.data.frame(answers) && (is.list(answers) || !length(answers) || is.function(answers)))
    refuse("predict answers ", what_is(answers), ", not one answer per row. Choose what to answer: ",
           "predict = function(model, data) predict(model, data)$...")
  columns <- if (is.data.frame(answers)) as.list(answers) else list(prediction = answers)
  columns <- lapply(columns, function(x) if (is.object(x)) unname(x) else as.vector(x))
  wrong <- lengths(columns) != rows
  if (any(wrong))
    refuse("predict answers ", lengths(columns)[wrong][1L], " values for ", rows, " rows. ",
           "A predict that drops rows with missing values must keep them, with NA for an answer.")
  columns
}

named_columns <- function(answers) {
  if (is.null(colnames(answers)))
    colnames(answers) <- if (ncol(answers) == 1L) "prediction" else paste0("prediction_", seq_len(ncol(answers)))
  answers
}

what_is <- function(answers) {
  if (!length(answers)) return("nothing")
  paste0("a ", class(answers)[1L], if (!is.null(names(answers))) paste(" of", listed(names(answers))))
}

same <- function(a, b) isTRUE(all.equal(a, b, tolerance = 1e-9))
attempt <- function(expr) tryCatch(expr, error = function(e) NULL)

# A formula needs only its own variables: if the answers stay the same without the other columns, those are no inputs.
narrowed <- function(features, model, ask, notes) {
  used <- intersect(names(features$columns), formula_columns(model))
  if (!length(used) || length(used) == length(features$columns) || features$container != "data.frame") return(features)
  fewer <- features
  fewer$columns <- features$columns[used]
  rows <- sample_rows(features$columns)
  if (!same(attempt(asked(ask, model, fewer, rows)), asked(ask, model, features, rows))) return(features)
  notes$say(paste0("The model does not use ", listed(setdiff(names(features$columns), used)), ": no inputs of the version."))
  fewer
}

formula_columns <- function(model) {
  terms <- if (is.list(model)) attempt(stats::delete.response(stats::terms(model)))
  if (is.null(terms)) character() else c(all.vars(terms), all.vars(unclass(model)$call$offset))
}

# A gateway asks for the rows of many callers at once: an answer must depend on its own row only, and be one.
look_for_moods <- function(ask, model, features, rows, answers, notes) {
  if (!same(attempt(asked(ask, model, features, rows)), answers))
    return(notes$say("The model answers differently when asked twice, so its answers cannot be proven."))
  alone <- attempt(asked(ask, model, features, rows[1L]))
  if (is.null(alone)) notes$say("The model fails when it is asked for one row alone.")
  else if (!same(alone, lapply(answers, `[`, 1L)))
    notes$say("The answer for a row depends on the rows asked with it. Callers whose rows are answered together would see that.")
}

# The luggage of the model. The small way keeps of function frames only the names that code mentions; if the answers are
# not the same then, whole frames go along.
packed <- function(model, ask, needs, features, rows, answers, notes) {
  for (whole in c(FALSE, TRUE)) {
    luggage <- tryCatch(pack(model, ask, needs, c(names(features$columns), features$target), whole),
                        stackOverflowError = function(e) refuse("The model's parts are nested too deeply to be looked through."))
    if (same(attempt(asked(luggage$ask, luggage$object, features, rows)), answers)) break
  }
  if (whole) notes$say("The model's functions use names that their text does not show, so all that surrounds them goes along.")
  notes$say(c(luggage$notes, big_things(luggage)))
  luggage
}

# ---- writing ---------------------------------------------------------------------------------------------------

make_folders <- function(folder) {
  for (part in c("model", "frames", "environment")) dir.create(file.path(folder, part), FALSE, TRUE, mode = "0700")
  if (!dir.exists(file.path(folder, "environment"))) refuse("The folder ", folder, " cannot be written.")
}

write_table <- function(folder, name, kind, columns, fields) {
  known <- c(double = 0L, long = 1L, boolean = 2L, string = 3L, datetime = 3L)
  dtypes <- unname(known[vapply(fields, `[[`, "", "type")])
  columns <- lapply(as.list(columns), function(x) if (inherits(x, "AsIs")) unclass(x) else x)
  bytes <- tryCatch(kronkers_frame_encode(kind, 0, columns, dtypes = dtypes),
                    BadFrame = function(e) refuse("The data cannot travel: ", conditionMessage(e), "."))
  writeBin(bytes, file.path(folder, "frames", paste0(name, ".kf")))
}

write_object <- function(folder, luggage, inputs, features) {
  # Level 1 is four times as fast as the usual 6 and hardly larger.
  connection <- gzfile(file.path(folder, "model", "model.rds"), "wb", compression = 1L)
  on.exit(close(connection))
  saveRDS(list(format = 1L, object = luggage$object, predict = settling(luggage, features$nameless),
               inputs = unname(lapply(inputs, `[`, c("name", "native", "levels", "zone"))), container = features$container,
               attached = luggage$attached, needed = luggage$needed, definitions = luggage$home), connection)
}

from_environment <- function(name) if (nzchar(Sys.getenv(name))) Sys.getenv(name)

facts_now <- function(luggage) {
  packages <- packages_now(luggage)[c("name", "version", "needed", "attached")]
  list(format = 1L, language = "r",
       runtime = list(version = paste(R.version$major, R.version$minor, sep = "."), executable = file.path(R.home("bin"), "Rscript"),
                      library_paths = I(.libPaths()), platform = R.version$platform),
       packages = I(lapply(seq_len(nrow(packages)), function(i) as.list(packages[i, ]))),
       definitions = I(carried(luggage)), cwd = getwd(), kernel = if (isNamespaceLoaded("IRkernel")) "ir",
       captured_at = format(Sys.time(), "%Y-%m-%dT%H:%M:%SZ", tz = "UTC"))
}

# All packages of this session: those the model needs loaded, those it needs attached, and the rest.
packages_now <- function(luggage) {
  names <- sort(union(loadedNamespaces(), luggage$needed))
  about <- lapply(names, function(name) suppressWarnings(utils::packageDescription(name)))
  said <- function(key) vapply(about, function(d) if (is.list(d) && length(d[[key]])) as.character(d[[key]])[1L] else "", "")
  data.frame(name = names, version = said("Version"), needed = names %in% luggage$needed, attached = names %in% luggage$attached,
             in_session = paste0("package:", names) %in% search(), built = said("Built"), source = said("Repository"),
             stringsAsFactors = FALSE)
}

write_environment <- function(folder, luggage) {
  writeLines(utils::capture.output(print(utils::sessionInfo())), file.path(folder, "environment", "session-info.txt"))
  utils::write.csv(packages_now(luggage), file.path(folder, "environment", "packages.csv"), row.names = FALSE)
}
