#' Ask a deployed model
#'
#' @param name the name of the deployment.
#' @param data a data frame or matrix with a row for each question.
#' @param url where the gateway is, such as http://127.0.0.1:8889. Plain HTTP only.
#' @param token a token that may ask this deployment.
#' @param timeout_s seconds to wait for the connection and for each part of the answer.
#' @return the predictions: a vector, or a data frame if the model has more than one output; with attributes `version`
#'   ("model/number") and `prediction_id`.
#' @examples
#' \dontrun{
#' call_deployment("manual-gear", data.frame(wt = c(2.1, 3.9)))
#' }
#' @export
call_deployment <- function(name, data, url = Sys.getenv("KRONKERS_GATEWAY_URL"), token = Sys.getenv("KRONKERS_TOKEN"),
                            timeout_s = 60) {
  if (!nzchar(url)) refuse("Where is the gateway? Give url = \"http://...\", or set KRONKERS_GATEWAY_URL.")
  place <- parse_url(url)
  body <- to_json(list(dataframe_split = split_frame(as.data.frame(data, stringsAsFactors = FALSE))))
  path <- paste0(place$path, "/", utils::URLencode(name, reserved = TRUE), "/invocations")
  answer <- post(place, path, body, token, timeout_s)
  said <- attempt(read_json(answer$body))
  if (answer$status >= 400L || !is.list(said) || is.null(said$predictions)) refuse(problem_of(name, answer, said))
  structure(predictions_of(said$predictions), version = answer$headers[["x-kronkers-version"]],
            prediction_id = answer$headers[["x-kronkers-prediction-id"]])
}

parse_url <- function(url) {
  parts <- regmatches(url, regexec("^http://(\\[[^]]+\\]|[^/:]+)(?::([0-9]+))?(/.*)?$", url, perl = TRUE))[[1L]]
  if (!length(parts)) refuse("`url` is ", url, ". Base R speaks plain HTTP only: http://host:port.")
  list(host = gsub("[][]", "", parts[2L]), port = if (nzchar(parts[3L])) as.integer(parts[3L]) else 80L,
       path = sub("/+$", "", parts[4L]), authority = sub("^http://([^/]*).*$", "\\1", url))
}

# MLflow's columns and rows. Factors and times travel as text.
split_frame <- function(data) {
  columns <- lapply(unname(as.list(data)), function(x) {
    if (is.numeric(x) && !is.object(x) || is.logical(x)) x else kronkers_iso(x)
  })
  rows <- lapply(seq_len(nrow(data)), function(i) I(lapply(columns, `[`, i)))
  list(columns = I(names(data)), data = I(rows))
}

# One request, one answer: list(status, headers, body). Header names are in small letters.
post <- function(place, path, body, token, timeout_s) {
  head <- c(paste("POST", path, "HTTP/1.1"), paste0("Host: ", place$authority), "Content-Type: application/json",
            "Accept: application/json", if (nzchar(token)) paste("Authorization: Bearer", token), "Connection: close",
            paste0("Content-Length: ", nchar(body, "bytes")), "", "")
  if (any(grepl("[\r\n]", head))) refuse("`token` or `url` holds a line break.")
  connection <- tryCatch(
    suppressWarnings(socketConnection(place$host, place$port, blocking = TRUE, open = "r+b", timeout = timeout_s)),
    error = function(e) refuse("Nobody answers at http://", place$authority, ". Is the gateway running? jupyter kronkers status says so."))
  on.exit(close(connection))
  writeBin(c(charToRaw(paste(head, collapse = "\r\n")), charToRaw(body)), connection)
  read_answer(connection)
}

read_answer <- function(connection) {
  status <- readLines(connection, 1L, warn = FALSE)
  if (!length(status) || !startsWith(status, "HTTP/1.")) refuse("The gateway closed the connection, or took too long.")
  headers <- list()
  while (length(line <- readLines(connection, 1L, warn = FALSE)) && nzchar(line <- sub("\r$", "", line)))
    headers[[tolower(sub(":.*$", "", line))]] <- trimws(sub("^[^:]*:", "", line))
  body <- if (identical(tolower(headers[["transfer-encoding"]]), "chunked")) read_chunks(connection)
          else read_bytes(connection, headers[["content-length"]])
  text <- rawToChar(body)
  Encoding(text) <- "UTF-8"
  list(status = as.integer(substr(status, 10L, 12L)), headers = headers, body = text)
}

read_bytes <- function(connection, length) {
  wanted <- if (is.null(length)) Inf else as.numeric(length)
  bytes <- raw()
  while (length(bytes) < wanted && length(more <- readBin(connection, "raw", min(65536, wanted - length(bytes))))) bytes <- c(bytes, more)
  if (is.finite(wanted) && length(bytes) < wanted) refuse("The gateway's answer was cut off.")
  bytes
}

read_chunks <- function(connection) {
  bytes <- raw()
  while ((size <- strtoi(sub("[;\r].*$", "", readLines(connection, 1L, warn = FALSE)), 16L)) > 0L) {
    bytes <- c(bytes, read_bytes(connection, size))
    readLines(connection, 1L, warn = FALSE)
  }
  bytes
}

problem_of <- function(name, answer, said) {
  words <- if (is.list(said) && is.character(said$message)) words_of(said) else substr(answer$body, 1L, 500L)
  paste0("Asking ", name, " failed (", answer$status, "): ", words)
}

# Numbers or texts as a vector, records as a data frame; null is NA.
predictions_of <- function(predictions) {
  column <- function(values) unlist(lapply(values, function(v) if (is.null(v)) NA else v))
  if (!length(predictions)) return(logical())
  if (is.null(names(predictions[[1L]]))) return(column(predictions))
  names <- names(predictions[[1L]])
  as_frame(lapply(stats::setNames(names, names), function(name) column(lapply(predictions, `[[`, name))), length(predictions))
}
