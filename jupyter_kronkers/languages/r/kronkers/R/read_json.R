# Reads JSON: objects as named lists, arrays as lists, null as NULL, numbers as doubles.

json_token <- "\"(?:[^\"\\\\]++|\\\\.)*+\"|-?[0-9]+(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null|[][{}:,]"

read_json <- function(text) {
  text <- enc2utf8(text)
  tokens <- regmatches(text, gregexpr(json_token, text, perl = TRUE))[[1L]]
  if (nzchar(gsub("[ \t\r\n]", "", gsub(json_token, "", text, perl = TRUE)))) bad_json()
  reader <- new.env(parent = emptyenv())
  reader$tokens <- tokens
  reader$at <- 0L
  value <- read_value(reader, take(reader))
  if (reader$at != length(tokens)) bad_json()
  value
}

bad_json <- function() refuse("This is no JSON.")

take <- function(reader) {
  reader$at <- reader$at + 1L
  if (reader$at > length(reader$tokens)) bad_json()
  reader$tokens[reader$at]
}

read_value <- function(reader, token) {
  switch(substr(token, 1L, 1L),
    "{" = read_items(reader, "}"), "[" = read_items(reader, "]"), "\"" = unescape(token),
    t = TRUE, f = FALSE, n = NULL, "}" = , "]" = , ":" = , "," = bad_json(), as.numeric(token))
}

# What stands between brackets; with names if the bracket is curly.
read_items <- function(reader, closing) {
  items <- list()
  names <- character()
  token <- take(reader)
  while (token != closing) {
    if (closing == "}") {
      names <- c(names, unescape(token))
      if (take(reader) != ":") bad_json()
      token <- take(reader)
    }
    items[length(items) + 1L] <- list(read_value(reader, token))
    token <- take(reader)
    if (token == ",") token <- take(reader)
    else if (token != closing) bad_json()
  }
  if (closing == "}") stats::setNames(items, names) else items
}

unescape <- function(token) {
  if (!startsWith(token, "\"")) bad_json()
  text <- substr(token, 2L, nchar(token) - 1L)
  if (!grepl("\\", text, fixed = TRUE)) return(text)
  parts <- regmatches(text, gregexpr("\\\\u[0-9a-fA-F]{4}|\\\\.|[^\\\\]+", text, perl = TRUE))[[1L]]
  code <- grepl("^\\\\u", parts)
  units <- strtoi(substring(parts[code], 3L), 16L)
  short <- !code & startsWith(parts, "\\")
  parts[short] <- c(b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", "\"" = "\"", "\\" = "\\", "/" = "/")[substring(parts[short], 2L)]
  parts[code] <- characters(units)
  paste(parts, collapse = "")
}

# UTF-16 units as characters; the two halves of a character beyond 65535 stand side by side.
characters <- function(units) {
  high <- units >= 55296L & units < 56320L
  low <- units >= 56320L & units < 57344L
  pairs <- which(high & c(low[-1L], FALSE))
  code <- units
  code[pairs] <- 65536L + (units[pairs] - 55296L) * 1024L + (units[pairs + 1L] - 56320L)
  text <- vapply(code, function(one) if (one >= 55296L && one < 57344L) "\uFFFD" else intToUtf8(one), "")
  text[pairs + 1L] <- ""
  text
}
