# Frames (../frames.md) in base R: tables to and from raw vectors.
#
# A table is list(kind, id, rows, columns, dtypes): `columns` a named list of vectors, `dtypes` the frame types
# 0 float64, 1 int64, 2 bool, 3 utf8, `id` a raw vector of 8 bytes (R has no 64-bit integers).
# This text is also sent to live kernels in front of capture.R, so it defines functions and nothing else.

kronkers_bad_frame <- function(...) {
  stop(structure(class = c("BadFrame", "error", "condition"), list(message = paste0(...), call = NULL)))
}

# ---- writing ---------------------------------------------------------------------------------------------------

# The frame's bytes with the length in front. `dtypes` overrides what the vectors would be written as: 1 for doubles
# that hold whole numbers.
kronkers_frame_encode <- function(kind, id, columns, rows = NULL, dtypes = NULL) {
  count <- if (length(columns)) length(columns[[1L]]) else if (is.null(rows)) 0 else rows
  if (!is.null(rows) && rows != count) kronkers_bad_frame(rows, " rows were promised, the columns have ", count)
  if (anyDuplicated(names(columns))) kronkers_bad_frame("a column name occurs twice")
  if (is.null(dtypes)) dtypes <- vapply(columns, kronkers_frame_dtype, 0L)
  parts <- list(charToRaw("KF1\n"), as.raw(kind), kronkers_frame_id(id), kronkers_u32(count), kronkers_u16(length(columns)))
  for (k in seq_along(columns)) {
    if (length(columns[[k]]) != count) kronkers_bad_frame("column '", names(columns)[k], "' has another length")
    parts[[length(parts) + 1L]] <- kronkers_column_encode(names(columns)[k], columns[[k]], dtypes[[k]])
  }
  size <- sum(as.double(lengths(parts)))
  if (size > 2^30) kronkers_bad_frame("the table takes ", size, " bytes, a frame holds 1,073,741,824")
  do.call(c, c(list(kronkers_u32(size)), parts))
}

kronkers_frame_dtype <- function(v) {
  if (inherits(v, "integer64")) return(1L)
  if (is.factor(v) || is.character(v) || inherits(v, c("Date", "POSIXt"))) return(3L)
  if (is.logical(v)) return(2L)
  if (is.integer(v)) return(1L)
  if (is.double(v)) return(0L)
  kronkers_bad_frame("a column of class ", class(v)[1L], " cannot be written")
}

kronkers_frame_id <- function(id) {
  if (is.raw(id)) id else kronkers_int64(as.double(id), "id")
}

kronkers_u32 <- function(x) writeBin(kronkers_wrapped(as.double(x)), raw(), 4L, endian = "little")
kronkers_u16 <- function(x) {
  if (x > 65535) kronkers_bad_frame(x, " does not fit 16 bits")
  writeBin(as.integer(x), raw(), 2L, endian = "little")
}

# Unsigned 32-bit numbers as R's signed integers. R writes NA_integer_ as the bits of -2^31, which is what is meant.
kronkers_wrapped <- function(x) {
  x <- ifelse(x >= 2147483648, x - 4294967296, x)
  x[x == -2147483648] <- NA
  as.integer(x)
}

kronkers_column_encode <- function(name, v, dtype) {
  bytes <- charToRaw(enc2utf8(name))
  missing <- if (is.double(v) && !inherits(v, "integer64")) is.na(v) & !is.nan(v) else is.na(v)
  masked <- any(missing)
  c(kronkers_u16(length(bytes)), bytes, as.raw(c(dtype, masked)), if (masked) as.raw(missing),
    switch(dtype + 1L,
      kronkers_float64(v, missing),
      kronkers_int64(v, name, missing),
      as.raw(ifelse(missing, FALSE, as.logical(v))),
      kronkers_utf8(v, name, missing)))
}

kronkers_float64 <- function(v, missing) {
  v <- as.double(v)
  v[missing] <- 0
  out <- writeBin(v, raw(), 8L, endian = "little")
  strange <- which(is.nan(v))
  # There are many NaNs; the frame knows one.
  for (byte in 1:8) out[(strange - 1L) * 8L + byte] <- as.raw(c(0, 0, 0, 0, 0, 0, 0xf8, 0x7f)[byte])
  out
}

kronkers_int64 <- function(v, name, missing = is.na(v)) {
  if (inherits(v, "integer64")) {
    v <- unclass(v)
    v[missing] <- 0
    return(writeBin(as.double(v), raw(), 8L, endian = "little"))
  }
  v <- as.double(v)
  v[missing] <- 0
  if (any(is.nan(v) | v != floor(v) | abs(v) > 2^53))
    kronkers_bad_frame("column '", name, "' holds numbers that are not whole or beyond 2^53, where R's numbers are no longer exact")
  high <- floor(v / 4294967296)
  low <- v - high * 4294967296
  writeBin(as.vector(rbind(kronkers_wrapped(low), as.integer(high))), raw(), 4L, endian = "little")
}

kronkers_utf8 <- function(v, name, missing) {
  text <- enc2utf8(kronkers_iso(v))
  text[missing] <- ""
  if (!all(validUTF8(text))) kronkers_bad_frame("column '", name, "' holds text that is not UTF-8")
  c(writeBin(nchar(text, "bytes"), raw(), 4L, endian = "little"), charToRaw(paste(text, collapse = "")))
}

# Dates and times in UTC, without a zone and without trailing zeros; anything else as text.
kronkers_iso <- function(v) {
  if (inherits(v, "Date")) return(format(v, "%Y-%m-%d"))
  if (!inherits(v, "POSIXt")) return(as.character(v))
  micros <- round(as.double(as.POSIXct(v)) * 1e6)
  whole <- floor(micros / 1e6)
  text <- format(as.POSIXct(whole, origin = "1970-01-01", tz = "UTC"), "%Y-%m-%dT%H:%M:%S", tz = "UTC")
  fraction <- sub("0+$", "", sprintf("%06.0f", micros - whole * 1e6))
  ifelse(nzchar(fraction), paste0(text, ".", fraction), text)
}

# ---- reading ---------------------------------------------------------------------------------------------------

# The table in `body`, the bytes after the length. int64 columns come as doubles.
kronkers_frame_decode <- function(body) {
  if (length(body) < 19L) kronkers_bad_frame("the head needs 19 bytes, ", length(body), " are left")
  if (!identical(body[1:4], charToRaw("KF1\n"))) kronkers_bad_frame("the bytes do not start with KF1")
  kind <- as.integer(body[5L])
  if (kind > 3L) kronkers_bad_frame("kind ", kind, " is unknown")
  rows <- kronkers_unsigned(readBin(body[14:17], "integer", 1L, 4L, endian = "little"))
  count <- readBin(body[18:19], "integer", 1L, 2L, signed = FALSE, endian = "little")
  # Slicing a long raw vector copies; a connection does not.
  bytes <- rawConnection(body)
  on.exit(close(bytes))
  readBin(bytes, "raw", 19L)
  left <- length(body) - 19
  columns <- vector("list", count)
  names <- character(count)
  dtypes <- integer(count)
  for (k in seq_len(count)) {
    column <- kronkers_column_decode(bytes, rows, left)
    names[k] <- column$name
    dtypes[k] <- column$dtype
    columns[[k]] <- column$values
    left <- column$left
  }
  if (left > 0) kronkers_bad_frame(left, " bytes are left over")
  if (anyDuplicated(names)) kronkers_bad_frame("a column name occurs twice")
  names(columns) <- names
  list(kind = kind, id = body[6:13], rows = rows, columns = columns, dtypes = dtypes)
}

kronkers_unsigned <- function(x) {
  x <- as.double(x)
  x[is.na(x)] <- -2147483648
  x[x < 0] <- x[x < 0] + 4294967296
  x
}

kronkers_column_decode <- function(bytes, rows, left) {
  take <- function(what, n, size, ...) {
    if (n * size > left) kronkers_bad_frame("a column needs ", n * size, " bytes, ", left, " are left")
    left <<- left - n * size
    readBin(bytes, what, n, size, endian = "little", ...)
  }
  name <- kronkers_text(take("raw", take("integer", 1L, 2L, signed = FALSE), 1L), "a column name")
  head <- as.integer(take("raw", 2L, 1L))
  if (head[1L] > 3L || head[2L] > 1L)
    kronkers_bad_frame("column '", name, "' has dtype ", head[1L], " and hasmask ", head[2L])
  mask <- if (head[2L] == 1L) kronkers_flags(take("raw", rows, 1L), name)
  values <- switch(head[1L] + 1L,
    take("double", rows, 8L),
    kronkers_whole(take("integer", 2 * rows, 4L), name, mask),
    kronkers_flags(take("raw", rows, 1L), name),
    {
      lengths <- kronkers_unsigned(take("integer", rows, 4L))
      kronkers_texts(take("raw", sum(lengths), 1L), lengths, name)
    })
  if (!is.null(mask)) values[mask] <- NA
  list(name = name, dtype = head[1L], values = values, left = left)
}

kronkers_flags <- function(bytes, name) {
  if (any(bytes > as.raw(1L))) kronkers_bad_frame("column '", name, "' has a flag that is neither 0 nor 1")
  as.logical(bytes)
}

kronkers_whole <- function(halves, name, mask) {
  if (!length(halves)) return(numeric())
  halves <- matrix(halves, 2L)
  high <- as.double(halves[2L, ])
  high[is.na(high)] <- -2147483648
  values <- high * 4294967296 + kronkers_unsigned(halves[1L, ])
  # Beyond 2^53 the sum above has been rounded; 2^53 itself may be the rounded 2^53 + 1.
  beyond <- high >= 2097152 | high < -2097152
  exact <- high == 2097152 & halves[1L, ] == 0L
  beyond <- beyond & !(exact %in% TRUE)
  if (!is.null(mask)) beyond <- beyond & !mask
  if (any(beyond))
    kronkers_bad_frame("column '", name, "' holds integers beyond 2^53, which R cannot hold exactly")
  values
}

kronkers_texts <- function(bytes, lengths, name) {
  if (any(bytes == as.raw(0L))) kronkers_bad_frame("column '", name, "' holds a NUL character, which R cannot hold")
  if (!length(lengths)) return(character())
  values <- readChar(bytes, lengths, useBytes = TRUE)
  if (!length(values)) values <- character(length(lengths))
  Encoding(values) <- "UTF-8"
  if (!all(validUTF8(values))) kronkers_bad_frame("column '", name, "' is not UTF-8")
  values
}

kronkers_text <- function(bytes, what) {
  if (any(bytes == as.raw(0L))) kronkers_bad_frame(what, " holds a NUL character, which R cannot hold")
  text <- rawToChar(bytes)
  Encoding(text) <- "UTF-8"
  if (!validUTF8(text)) kronkers_bad_frame(what, " is not UTF-8")
  text
}

# ---- streams ---------------------------------------------------------------------------------------------------

# The bytes after the length of the next frame; NULL at the end of the stream.
kronkers_frame_body <- function(connection) {
  head <- kronkers_read_exactly(connection, 4L)
  if (!length(head)) return(NULL)
  if (length(head) < 4L) kronkers_bad_frame("the stream ends within a length")
  size <- kronkers_unsigned(readBin(head, "integer", 1L, 4L, endian = "little"))
  if (size < 19 || size > 2^30) kronkers_bad_frame("a frame of ", size, " bytes is announced; 19 to 1,073,741,824 are possible")
  body <- kronkers_read_exactly(connection, size)
  if (length(body) < size) kronkers_bad_frame("the stream ends after ", length(body), " of ", size, " bytes")
  body
}

# In pieces, so that a length without a body behind it costs no memory.
kronkers_read_exactly <- function(connection, size) {
  parts <- list()
  while (size > 0) {
    part <- readBin(connection, "raw", min(size, 1048576))
    if (!length(part)) break
    parts[[length(parts) + 1L]] <- part
    size <- size - length(part)
  }
  if (length(parts) == 1L) parts[[1L]] else do.call(c, c(list(raw()), parts))
}

# The next table of a binary connection; NULL at its end.
kronkers_frame_read <- function(connection) {
  body <- kronkers_frame_body(connection)
  if (is.null(body)) NULL else kronkers_frame_decode(body)
}

kronkers_frame_write <- function(connection, kind, id, columns, rows = NULL, dtypes = NULL) {
  writeBin(kronkers_frame_encode(kind, id, columns, rows, dtypes), connection)
  flush(connection)
}
