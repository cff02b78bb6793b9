# Rscript rewrite.R frames.R FOLDER OUT: writes every frame of FOLDER again; where it cannot, OUT/<name>.error says why.
args <- commandArgs(TRUE)
source(args[1], local = TRUE)
for (path in list.files(args[2], pattern = "[.]kf$", full.names = TRUE)) {
  target <- file.path(args[3], basename(path))
  tryCatch({
    connection <- file(path, "rb")
    table <- kronkers_frame_read(connection)
    out <- file(target, "wb")
    kronkers_frame_write(out, table$kind, table$id, table$columns, table$rows, table$dtypes)
    close(out)
  }, error = function(e) writeLines(paste0(class(e)[1], ": ", conditionMessage(e)), paste0(target, ".error")),
  finally = close(connection))
}
