# JSON, written in base R. Sent to live kernels in front of probe.R and capture.R, so it defines functions and nothing else.

# Named lists are objects, other lists and I(vectors) arrays, single values themselves; NULL, NA and NaN are null.
to_json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) return(json_list(x))
  items <- json_scalar(x)
  if (inherits(x, "AsIs") || length(x) != 1L) paste0("[", paste(items, collapse = ","), "]") else items
}

json_list <- function(x) {
  if (!length(x)) return(if (inherits(x, "AsIs")) "[]" else "{}")
  items <- vapply(x, to_json, "")
  if (is.null(names(x))) return(paste0("[", paste(items, collapse = ","), "]"))
  paste0("{", paste(json_text(names(x)), items, sep = ":", collapse = ","), "}")
}

json_scalar <- function(x) {
  if (!length(x)) return(character())
  text <- if (is.logical(x)) ifelse(x, "true", "false")
          else if (is.numeric(x)) json_number(as.double(x))
          else json_text(as.character(x))
  ifelse(is.na(x), "null", text)
}

# sprintf, unlike format, does not heed the user's options. 17 digits where 15 would not come back the same.
json_number <- function(x) {
  short <- sprintf("%.15g", x)
  exact <- is.finite(x) & suppressWarnings(as.numeric(short)) != x
  text <- ifelse(exact, sprintf("%.17g", x), short)
  ifelse(is.finite(x), text, "null")
}

# ASCII only, so that no locale can spoil it on the way. Bytes that are no UTF-8 become <xx>.
json_text <- function(x) {
  vapply(iconv(enc2utf8(x), "UTF-8", "UTF-8", sub = "byte"), json_string, "", USE.NAMES = FALSE)
}

json_string <- function(text) {
  if (is.na(text)) return("null")
  code <- utf8ToInt(text)
  simple <- code >= 32 & code < 127 & code != 34 & code != 92
  high <- code > 65535
  out <- sprintf("\\u%04x", as.integer(ifelse(high, 55296 + (code - 65536) %/% 1024, code)))
  out[high] <- paste0(out[high], sprintf("\\u%04x", as.integer(56320 + (code[high] - 65536) %% 1024)))
  out[simple] <- strsplit(intToUtf8(code[simple]), "")[[1L]]
  paste0("\"", paste(out, collapse = ""), "\"")
}
