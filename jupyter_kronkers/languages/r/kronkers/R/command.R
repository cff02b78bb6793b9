# The command line does the work: this package knows nothing of where the registry is.

# The command and its first arguments: of the environment, of the options, of the installation, of the PATH.
command <- function() {
  given <- c(Sys.getenv("KRONKERS_COMMAND"), getOption("kronkers.command", ""))
  given <- given[nzchar(given)]
  if (length(given)) return(if (file.exists(given[1L])) given[1L] else scan(text = given[1L], what = "", quiet = TRUE))
  installed <- system.file("command", package = "kronkers")
  words <- if (nzchar(installed)) readLines(installed, encoding = "UTF-8")
  if (length(words) && file.exists(words[1L])) words else "jupyter-kronkers"
}

# Runs `jupyter-kronkers ...` and returns what it answered as JSON. Its words of failure become a kronkers_error.
run_command <- function(arguments) {
  command <- command()
  if (!nzchar(Sys.which(command[1L])))
    refuse("The command ", command[1L], " is not there. Install it: pip install jupyter-kronkers; ",
           "or say where it is: Sys.setenv(KRONKERS_COMMAND = \"/path/to/jupyter-kronkers\").")
  files <- tempfile(c("out", "err"))
  on.exit(unlink(files))
  status <- system2(command[1L], shQuote(enc2utf8(c(command[-1L], arguments))), stdout = files[1L], stderr = files[2L])
  said <- lapply(files, function(file) paste(readLines(file, warn = FALSE, encoding = "UTF-8"), collapse = "\n"))
  answer <- attempt(read_json(said[[1L]]))
  # A rejected version ends with a status of its own, and is an answer all the same.
  if (!is.list(answer) || is.null(answer$state)) refuse(words_of_failure(answer, said[[2L]], status))
  answer
}

# Some messages end with their remedy already.
words_of <- function(problem) {
  remedy <- if (is.character(problem$remedy) && !endsWith(problem$message, problem$remedy)) problem$remedy
  trimws(paste(c(problem$message, remedy), collapse = " "))
}

# A failure is told as an object with a message, or only in words on stderr.
words_of_failure <- function(problem, err, status) {
  if (is.list(problem) && is.character(problem$message)) return(words_of(problem))
  if (nzchar(trimws(err))) trimws(err) else paste("The command jupyter-kronkers failed with status", status)
}
