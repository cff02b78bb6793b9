# The R host: keeps one model alive and answers frames (base R only). Started by launch.py.
#
#   Rscript --vanilla host.R FOLDER FD_IN FD_OUT
#
# What a model prints goes to the log: the protocol has descriptors of its own.

kronkers <- new.env()

local(envir = kronkers, {
  arguments <- commandArgs(TRUE)
  here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L]))
  for (source in c("frames.R", "layouts.R", "seed.R")) sys.source(file.path(here, source), kronkers)

  declared_types <- integer()

  # ---- loading ---------------------------------------------------------------------------------------------------

  load_model <- function(folder) {
    # In an artifact the files of model/ lie beside capture.json.
    path <- file.path(folder, c("model/model.rds", "model.rds"))
    path <- path[file.exists(path)]
    if (!length(path)) stop("the folder holds no model.rds", call. = FALSE)
    model <- readRDS(path[1L])
    for (package in model$needed) loadNamespace(package)
    for (package in model$attached) suppressPackageStartupMessages(library(package, character.only = TRUE))
    model$names <- vapply(model$inputs, `[[`, "", "name")
    # S3 finds the notebook's own methods, predict.mine, only from where they are defined.
    model$home <- if (is.environment(model$definitions)) model$definitions else globalenv()
    model
  }

  # ---- what the model was given ------------------------------------------------------------------------------------

  native <- function(input, values) {
    switch(input$native,
      integer = as.integer(values),
      factor = known_levels(input, values, ordered = FALSE),
      ordered = known_levels(input, values, ordered = TRUE),
      Date = as.Date(values),
      POSIXct = as_time(values, input$zone),
      values)
  }

  known_levels <- function(input, values, ordered) {
    levels <- as.character(unlist(input$levels))
    made <- factor(values, levels = levels, ordered = ordered)
    strange <- unique(values[is.na(made) & !is.na(values)])
    if (length(strange)) {
      stop(input$name, " has levels the model does not know: ", paste(head(strange, 5L), collapse = ", "), call. = FALSE)
    }
    made
  }

  as_time <- function(values, zone) {
    times <- strptime(values, "%Y-%m-%dT%H:%M:%OS", tz = "UTC")
    bare <- is.na(times) & !is.na(values)
    if (any(bare)) times[bare] <- strptime(values[bare], "%Y-%m-%d", tz = "UTC")
    times <- as.POSIXct(times)
    if (!is.null(zone)) attr(times, "tzone") <- zone
    times
  }

  in_container <- function(model, table) {
    absent <- setdiff(model$names, names(table$columns))
    if (length(absent)) stop("the rows lack the columns ", paste(absent, collapse = ", "), call. = FALSE)
    columns <- lapply(model$inputs, function(input) native(input, table$columns[[input$name]]))
    names(columns) <- model$names
    data <- structure(columns, class = "data.frame", row.names = .set_row_names(table$rows))
    if (identical(model$container, "matrix")) `rownames<-`(as.matrix(data), NULL) else data
  }

  # ---- asking, and what it answers ---------------------------------------------------------------------------------

  ask <- function(model, data) {
    if (is.function(model$predict)) return(model$predict(model$object, data))
    if (is.function(model$object)) return(model$object(data))
    eval(quote(predict(object, data)), list(object = model$object, data = data), model$home)
  }

  bad_output <- function(...) {
    stop(structure(class = c("BadModelOutput", "error", "condition"), list(message = paste0(...), call = NULL)))
  }

  answer_columns <- function(answers, rows) {
    if (is.matrix(answers)) answers <- named_matrix(answers)
    if (is.null(answers) || is.function(answers) || is.environment(answers) || is.language(answers))
      bad_output("predict answered an object of class ", class(answers)[1L], ", not one value per row")
    columns <- if (is.list(answers) && !inherits(answers, "POSIXt")) as.list(answers) else list(prediction = answers)
    if (!length(columns) || is.null(names(columns))) bad_output("predict answered a list without names")
    for (name in names(columns)) check_column(name, columns[[name]], rows)
    lapply(columns, function(x) if (is.null(attr(x, "class"))) as.vector(x) else unname(x))
  }

  named_matrix <- function(answers) {
    if (is.null(colnames(answers)))
      colnames(answers) <- if (ncol(answers) == 1L) "prediction" else paste0("prediction_", seq_len(ncol(answers)))
    as.data.frame(answers, stringsAsFactors = FALSE, optional = TRUE)
  }

  check_column <- function(name, values, rows) {
    if (!is.atomic(values) || is.complex(values) || is.raw(values))
      bad_output("predict answered a ", class(values)[1L], " in '", name, "'; numbers, truth values, texts, factors and times can travel")
    if (length(values) != rows)
      bad_output("predict answered ", length(values), " values in '", name, "' for ", rows, " rows; it must answer once per row")
  }

  # The frame types of the answers: as the signature declares them where the values allow it.
  declared <- function(columns) {
    found <- vapply(columns, kronkers_frame_dtype, 0L)
    if (length(declared_types) != length(found)) return(found)
    empty <- vapply(columns, function(x) all(is.na(x)), NA)
    ifelse((found == 1L & declared_types == 0L) | empty, declared_types, found)
  }

  answer <- function(model, body) {
    table <- kronkers_decode_again(body)
    columns <- answer_columns(ask(model, in_container(model, table)), table$rows)
    # One column of doubles is what most models answer, and any declaration of it leaves it so.
    reply <- kronkers_reply_again(table$id, columns, table$rows)
    if (is.null(reply)) kronkers_frame_encode(2L, table$id, columns, table$rows, declared(columns)) else reply
  }

  # ---- errors, in words --------------------------------------------------------------------------------------------

  error_frame <- function(error, id) {
    message("Error: ", conditionMessage(error))
    text <- iconv(enc2utf8(substr(conditionMessage(error), 1L, 10000L)), "UTF-8", "UTF-8", sub = "?")
    said <- list(class = class(error)[1L], message = text, language = "r", remedy = "")
    kronkers_frame_encode(3L, id, said, 1L)
  }

  # The id of a request that could not be read further.
  id_of <- function(body) if (length(body) >= 13L) body[6:13] else raw(8)

  unhex <- function(text) {
    as.raw(strtoi(substring(text, seq(1L, nchar(text), 2L), seq(2L, nchar(text), 2L)), 16L))
  }

  milliseconds <- function() as.double(Sys.time()) * 1e3

  taken <- function(variable) {
    value <- Sys.getenv(variable)
    Sys.unsetenv(variable)
    value
  }

  load_host <- function(folder) {
    host <- list(warm_up = taken("KRONKERS_WARM_UP"), seed = taken("KRONKERS_SEED"))
    declared_types <<- as.integer(strsplit(taken("KRONKERS_ANSWERS"), "")[[1L]])
    began <- milliseconds()
    host$model <- load_model(folder)
    host$load_ms <- milliseconds() - began
    host
  }

  # Once to see that it answers, then until R has compiled what is called for a row and for a few.
  warm_up <- function(host) {
    if (!nzchar(host$warm_up)) return(0)
    began <- milliseconds()
    body <- unhex(host$warm_up)
    answer(host$model, body)
    took <- milliseconds() - began
    if (took < 300) tryCatch(warmer(host$model, body), error = function(e) NULL)
    took
  }

  warmer <- function(model, body) {
    one <- kronkers_frame_decode(body)
    if (!length(one$columns)) return(invisible())
    some <- kronkers_frame_encode(1L, 0, lapply(one$columns, rep, 8L), 8L, one$dtypes)[-(1:4)]
    for (again in list(some, body, some, body, some)) answer(model, again)
  }

  ready <- function(host, warm_ms, ...) {
    said <- list(language = "r", version = as.character(getRversion()), pid = Sys.getpid(),
                 load_ms = host$load_ms, warm_ms = warm_ms, protocol = 1L, ...)
    kronkers_frame_encode(0L, 0, said, 1L)
  }

  # Predicts once, says ready, and answers until the owner hangs up.
  begin <- function(host, requests, answers) {
    told <- tryCatch(list(frame = ready(host, warm_up(host)), well = TRUE),
                     error = function(e) list(frame = error_frame(e, 0), well = FALSE))
    writeBin(told$frame, answers)
    flush(answers)
    if (told$well) serve(host$model, requests, answers)
  }

  # Says ready, and forks hosts until the owner hangs up. One that cannot be forked says so and ends.
  sow <- function(host, requests, answers) {
    forks <- kronkers_can_fork()
    writeBin(ready(host, 0, forks = forks), answers)
    flush(answers)
    if (forks) kronkers_sow(host$seed, requests, answers, function(asked, said) begin(host, asked, said))
  }

  serve <- function(model, requests, answers) {
    repeat {
      body <- kronkers_frame_body(requests)
      if (is.null(body)) return(invisible())
      reply <- tryCatch(answer(model, body), error = function(e) error_frame(e, id_of(body)))
      writeBin(reply, answers)
      flush(answers)
    }
  }

  main <- function() {
    options(warn = 1L)
    requests <- file(paste0("/dev/fd/", arguments[2L]), "rb", raw = TRUE)
    answers <- file(paste0("/dev/fd/", arguments[3L]), "wb", raw = TRUE)
    host <- tryCatch(load_host(arguments[1L]), error = function(e) error_frame(e, 0))
    if (is.raw(host)) {
      writeBin(host, answers)
      flush(answers)
    } else if (nzchar(host$seed)) {
      sow(host, requests, answers)
    } else {
      begin(host, requests, answers)
    }
  }
})

kronkers$main()
