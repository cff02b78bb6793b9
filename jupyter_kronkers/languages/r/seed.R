# A seed: an R host that has loaded its model once, and forks a replica whenever it is told to (../hosts.md).
#
#   seed ──▶ keeper ──▶ replica       the keeper does nothing but wait, and says how its replica ended
#
# R has no fork without a handler that throws the status away, and no wait at all. Both are in the C library that R runs
# on, and take nothing but a pointer, so `.C` can call them.

kronkers_seed <- new.env(parent = emptyenv())

# TRUE if this process can be copied as it is: a copy of one with other threads would lack them.
kronkers_can_fork <- function() {
  alone <- file.exists("/proc/self/task") && length(list.files("/proc/self/task")) == 1L
  if (!alone || !file.exists(kronkers_children_file(Sys.getpid()))) return(FALSE)
  tryCatch({
    library <- dyn.load(kronkers_c_library())
    kronkers_seed$calls <- lapply(c(fork = "fork", wait = "wait", setsid = "setsid"), function(name)
      getNativeSymbolInfo(name, library)$address)
    TRUE
  }, error = function(e) FALSE)
}

# The file of the C library that this process runs on: glibc's or musl's.
kronkers_c_library <- function() {
  files <- unique(sub("^[^/]*", "", readLines("/proc/self/maps", warn = FALSE)))
  files[grep("^(libc\\.so|libc-[0-9]|ld-musl-)", basename(files))[1L]]
}

kronkers_children_file <- function(pid) paste0("/proc/", pid, "/task/", pid, "/children")

kronkers_children <- function(pid) {
  tryCatch(suppressWarnings(scan(kronkers_children_file(pid), integer(), quiet = TRUE)), error = function(e) integer())
}

# The process id of a copy of this process; 0 in the copy, NA if there is none.
kronkers_fork <- function() {
  before <- kronkers_children(Sys.getpid())
  own <- Sys.getpid()
  flush(stdout())
  .C(kronkers_seed$calls$fork)
  if (Sys.getpid() != own) return(0L)
  new <- setdiff(kronkers_children(own), before)
  if (length(new)) new[1L] else NA_integer_
}

# The status of a child that has ended, as shells tell it; waits until one has.
kronkers_wait <- function() {
  status <- .C(kronkers_seed$calls$wait, integer(1L))[[1L]]
  by_signal <- bitwAnd(status, 127L)
  if (by_signal) 128L + by_signal else bitwAnd(status, 65280L) %/% 256L
}

kronkers_die <- function() repeat tools::pskill(Sys.getpid(), tools::SIGKILL)

# ---- the seed --------------------------------------------------------------------------------------------------

# Obeys until the owner hangs up, or says what nobody understands; then all that it forked is killed.
# become: makes a fresh replica a host on two open connections.
kronkers_sow <- function(folder, commands, said, become) {
  gc()
  keepers <- integer()
  while (nzchar(line <- kronkers_line(commands))) {
    words <- regmatches(line, regexec("^(fork|end) ([0-9a-f]{1,32})$", line))[[1L]]
    if (!length(words)) break
    name <- words[3L]
    if (words[2L] == "end") kronkers_end(keepers[name]) else keepers[name] <- kronkers_begin(folder, name, commands, said, become)
    keepers <- kronkers_reaped(keepers)
  }
  for (keeper in keepers) {
    kronkers_end(keeper)
    tools::pskill(keeper, tools::SIGKILL)
  }
}

kronkers_line <- function(connection) {
  line <- raw()
  while (length(line) < 64L && length(byte <- readBin(connection, "raw", 1L)) && byte != as.raw(10L)) line <- c(line, byte)
  rawToChar(line[line != as.raw(0L)])
}

kronkers_begin <- function(folder, name, commands, said, become) {
  keeper <- kronkers_fork()
  if (is.na(keeper)) kronkers_say(said, "cannot ", name, " the system does not let it fork")
  if (identical(keeper, 0L)) kronkers_keep(folder, name, commands, said, become)
  keeper
}

kronkers_end <- function(keeper) {
  if (!is.na(keeper)) for (replica in kronkers_children(keeper)) tools::pskill(replica, tools::SIGKILL)
}

# The keepers that live; of the others the system is told that it may forget them.
kronkers_reaped <- function(keepers) {
  keepers <- keepers[!is.na(keepers)]
  ended <- vapply(keepers, function(pid) identical(kronkers_stat(pid)[1L], "Z"), NA)
  for (each in which(ended)) kronkers_wait()
  keepers[!ended]
}

kronkers_say <- function(said, ...) {
  writeBin(charToRaw(paste0(..., "\n")), said)
  flush(said)
}

# ---- the keeper and the replica ----------------------------------------------------------------------------------

kronkers_keep <- function(folder, name, commands, said, become) {
  replica <- kronkers_fork()
  if (identical(replica, 0L)) kronkers_be(folder, name, commands, said, become)
  if (is.na(replica)) {
    kronkers_say(said, "cannot ", name, " the system does not let it fork")
    kronkers_die()
  }
  close(commands)
  kronkers_say(said, "forked ", name, " ", replica)
  status <- kronkers_wait()
  kronkers_end_strays(replica)
  kronkers_say(said, "ended ", name, " ", status)
  kronkers_die()
}

kronkers_be <- function(folder, name, commands, said, become) {
  .C(kronkers_seed$calls$setsid)
  close(commands)
  close(said)
  # Each replica draws its own random numbers, as processes of their own would.
  if (exists(".Random.seed", globalenv(), inherits = FALSE)) rm(".Random.seed", envir = globalenv())
  requests <- file(file.path(folder, paste0(name, ".q")), "rb", raw = TRUE)
  answers <- file(file.path(folder, paste0(name, ".a")), "wb", raw = TRUE)
  tryCatch(become(requests, answers), error = function(e) message("Error: ", conditionMessage(e)))
  flush(stdout())
  # Not quit(): it would remove the temporary folder, which is the seed's.
  kronkers_die()
}

# Kills what a replica left behind in its session.
kronkers_end_strays <- function(session) {
  repeat {
    pids <- as.integer(grep("^[0-9]+$", list.files("/proc"), value = TRUE))
    left <- pids[vapply(pids, function(pid) identical(kronkers_stat(pid)[c(1L, 4L)] == c("Z", session), c(FALSE, TRUE)), NA)]
    if (!length(left)) return(invisible())
    for (pid in left) tools::pskill(pid, tools::SIGKILL)
  }
}

# State, parent, group and session of a process; nothing if there is none. Its name may hold anything.
kronkers_stat <- function(pid) {
  text <- tryCatch(suppressWarnings(readLines(paste0("/proc/", pid, "/stat"), warn = FALSE)), error = function(e) "")
  strsplit(sub("^.*\\) ", "", paste(text, collapse = " ")), " ", fixed = TRUE)[[1L]][1:4]
}
