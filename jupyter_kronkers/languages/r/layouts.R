# Frames that come again and again in one layout: the same columns of numbers, the same few rows, nothing missing.
#
# All that can differ between two such frames is the id and the numbers. So a layout that was read once is known by the
# bytes between them, and the next frame is three reads. What is not known goes the long way, in frames.R.

kronkers_layouts <- new.env(parent = emptyenv())
kronkers_most_rows <- 64L

# As kronkers_frame_decode.
kronkers_decode_again <- function(body) {
  layout <- kronkers_layouts[[as.character(length(body))]]
  if (is.null(layout) || !identical(body[layout$fixed], layout$bytes)) return(kronkers_decode_first(body))
  columns <- layout$columns
  if (length(layout$doubles)) {
    values <- readBin(body[layout$double_places], "double", length(layout$double_places) / 8, endian = "little")
    columns[layout$doubles] <- kronkers_apart(values, layout$rows)
  }
  if (length(layout$wholes)) {
    values <- kronkers_small_whole(readBin(body[layout$whole_places], "integer", length(layout$whole_places) / 4, endian = "little"))
    if (is.null(values)) return(kronkers_frame_decode(body))
    columns[layout$wholes] <- kronkers_apart(values, layout$rows)
  }
  list(kind = layout$kind, id = body[6:13], rows = layout$rows, columns = columns, dtypes = layout$dtypes)
}

kronkers_apart <- function(values, rows) {
  if (rows == 1L) return(as.list(values))
  lapply(seq_len(length(values) / rows), function(k) values[((k - 1L) * rows + 1L):(k * rows)])
}

# Whole numbers of 31 bits with sign, as doubles; NULL if one is larger.
kronkers_small_whole <- function(halves) {
  low <- halves[c(TRUE, FALSE)]
  if (anyNA(halves) || !identical(halves[c(FALSE, TRUE)], -(low < 0L))) NULL else as.double(low)
}

kronkers_decode_first <- function(body) {
  table <- kronkers_frame_decode(body)
  rows <- as.integer(min(table$rows, kronkers_most_rows + 1L))
  plain <- all(table$dtypes < 2L) && length(table$columns) && rows >= 1L && rows <= kronkers_most_rows
  if (plain) kronkers_remember(table, rows, length(body))
  table
}

# Where a layout's numbers lie. A mask would make the frame longer than the numbers do.
kronkers_remember <- function(table, rows, size) {
  heads <- nchar(enc2utf8(names(table$columns)), "bytes") + 4L
  ends <- 19L + cumsum(heads + 8L * rows)
  if (ends[length(ends)] != size) return(invisible())
  places <- lapply(ends, function(end) seq.int(end - 8L * rows + 1L, end))
  doubles <- which(table$dtypes == 0L)
  wholes <- which(table$dtypes == 1L)
  fixed <- setdiff(seq_len(size), c(6:13, unlist(places)))
  kronkers_layouts[[as.character(size)]] <- list(
    fixed = fixed, bytes = kronkers_layout_bytes(table, rows)[fixed], kind = table$kind, rows = rows, dtypes = table$dtypes,
    columns = table$columns, doubles = doubles, wholes = wholes,
    double_places = unlist(places[doubles]), whole_places = unlist(places[wholes]))
}

# A frame of this layout.
kronkers_layout_bytes <- function(table, rows) {
  zeros <- lapply(table$columns, function(column) numeric(rows))
  kronkers_frame_encode(table$kind, 0, zeros, rows, table$dtypes)[-(1:4)]
}

# As kronkers_frame_encode of a reply with one column of doubles; NULL if it is not that.
kronkers_reply_again <- function(id, columns, rows) {
  values <- columns[[1L]]
  if (length(columns) != 1L || !is.double(values) || !is.null(attributes(values)) || anyNA(values)) return(NULL)
  head <- kronkers_layouts[[paste(rows, names(columns))]]
  if (is.null(head)) {
    if (rows < 1 || rows > kronkers_most_rows) return(NULL)
    whole <- kronkers_frame_encode(2L, 0, columns, rows, 0L)
    head <- list(whole[1:9], whole[18:(length(whole) - 8L * rows)])
    kronkers_layouts[[paste(rows, names(columns))]] <- head
  }
  c(head[[1L]], id, head[[2L]], writeBin(values, raw(), 8L, endian = "little"))
}
