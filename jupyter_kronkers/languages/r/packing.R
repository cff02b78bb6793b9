# Packing: a copy of an object that needs nothing of this session any more.
#
# Whatever the object, its predict function and its formulas use of the notebook's own lives in copies: `home` stands for
# the notebook's global environment, one small environment for each function frame behind it. The live object is never
# changed. Packages are named, not copied: `attached` go through library(), `needed` through loadNamespace().

base_packages <- c("base", "stats", "graphics", "grDevices", "utils", "datasets", "methods")

#' @param columns names that mean columns of the data inside formulas.
#' @param whole keep function frames as they are; else only the names that code mentions.
#' @return an environment: object, ask, home, attached, needed, notes.
pack <- function(model, ask, needs, columns, whole = FALSE) {
  luggage <- new.env(parent = emptyenv())
  luggage$home <- new.env(parent = globalenv())
  luggage$old <- luggage$new <- list()
  luggage$full <- logical()
  luggage$columns <- columns
  luggage$whole <- whole
  luggage$attached <- luggage$needed <- luggage$notes <- character()
  luggage$classes <- class(model)
  luggage$object <- rehome(model, luggage)
  luggage$ask <- rehome(ask, luggage)
  for (name in needs) fetch_needed(name, ask, luggage)
  fetch_methods(luggage)
  need(luggage, luggage$attached)
  # In the order of the session, so that the same functions mask the same others.
  luggage$attached <- rev(intersect(c(sub("^package:", "", search()), luggage$attached), luggage$attached))
  luggage
}

# The predict function for the fresh process. S3 looks for methods from where a generic is called, which may be inside
# lapply: they must lie where the notebook had them, in the global environment. The columns of a `nameless` matrix have
# names on their way only.
settling <- function(luggage, nameless) {
  if (!nameless && !length(ls(luggage$home, all.names = TRUE))) return(luggage$ask)
  settle <- function(object, data) {
    if (!settled) {
      list2env(as.list(home, all.names = TRUE), globalenv())
      settled <<- TRUE
    }
    ask(object, if (nameless) unname(data) else data)
  }
  about <- list(ask = luggage$ask, home = luggage$home, nameless = nameless, settled = FALSE)
  environment(settle) <- list2env(about, parent = globalenv())
  utils::removeSource(settle)
}

# The names of what goes along.
carried <- function(luggage) {
  sort(unique(unlist(lapply(c(list(luggage$home), luggage$new[!luggage$full]), ls, all.names = TRUE))))
}

need <- function(luggage, packages) {
  packages <- setdiff(packages, c(base_packages, luggage$needed))
  luggage$needed <- c(luggage$needed, packages[nzchar(vapply(packages, function(p) system.file(package = p), ""))])
}

# ---- values ----------------------------------------------------------------------------------------------------

# A copy of a value whose functions, formulas and environments live in the luggage instead of in this session.
rehome <- function(x, luggage) {
  if (is.null(x) || is.symbol(x) || is.primitive(x)) return(x)
  if (is.object(x) || typeof(x) == "externalptr") note_class(x, luggage)
  if (is.environment(x)) return(rehome_environment(x, luggage))
  if (is.function(x)) x <- rehome_function(x, luggage)
  else if (is.call(x)) x <- rehome_call(x, luggage)
  else if (is.list(x) || is.expression(x)) x <- rehome_list(x, luggage)
  rehome_attributes(x, luggage)
}

note_class <- function(x, luggage) {
  luggage$classes <- union(luggage$classes, attr(x, "class"))
  package <- attr(attr(x, "class"), "package")
  need(luggage, package)
  if (identical(package, ".GlobalEnv"))
    luggage$notes <- union(luggage$notes, paste0("The S4 class ", class(x)[1L], " is defined in the notebook and cannot go along. Put it into a package."))
  if (typeof(x) == "externalptr")
    luggage$notes <- union(luggage$notes, "The model points into the memory of this process, which no other process can read.")
}

plain <- function(x) is.null(x) || is.symbol(x) || is.atomic(x) && is.null(attributes(x))

rehome_list <- function(x, luggage) {
  kept <- attributes(x)
  items <- unclass(x)
  rich <- which(!vapply(items, plain, NA))
  if (!length(rich)) return(x)
  # Environments last: glm()$data is where the formula was made, and the formula decides what stays of that.
  for (i in rich[order(vapply(items[rich], is.environment, NA))]) items[[i]] <- rehome(items[[i]], luggage)
  attributes(items) <- kept
  if (isS4(x)) asS4(items) else items
}

rehome_attributes <- function(x, luggage) {
  kept <- attributes(x)
  done <- c("names", "dim", "dimnames", "class", "levels", "row.names", ".Environment", "srcref")
  for (name in setdiff(names(kept), done))
    if (!plain(kept[[name]])) attr(x, name) <- rehome(kept[[name]], luggage)
  x
}

rehome_call <- function(x, luggage) {
  if (inherits(x, "formula")) return(rehome_formula(x, luggage))
  parts <- as.list(x)
  for (i in seq_along(parts)) {
    if (identical(parts[[i]], quote(expr = )) || plain(parts[[i]])) next
    new <- rehome(parts[[i]], luggage)
    if (!identical(new, parts[[i]])) x[[i]] <- new
  }
  x
}

rehome_formula <- function(x, luggage) {
  env <- environment(x)
  if (is.null(env)) return(x)
  answer <- if (length(x) > 2L) all.vars(x[[2L]])
  for (code in c(list(x[[length(x)]]), attr(x, "predvars"))) fetch_globals(code, env, luggage, c(luggage$columns, answer))
  attr(x, ".Environment") <- home_of(env, luggage)
  x
}

rehome_function <- function(f, luggage) {
  env <- environment(f)
  owner <- owner_of(env)
  if (isNamespace(owner)) {
    need(luggage, unname(getNamespaceName(owner)))
    if (!identical(owner, env)) environment(f) <- copied(env, luggage)
    return(f)
  }
  kept <- attributes(f)
  # The source text of a function is that of its whole cell.
  bare <- tryCatch(utils::removeSource(f), error = function(e) f)
  fetch_globals(f, env, luggage)
  environment(bare) <- home_of(env, luggage)
  attributes(bare) <- kept[setdiff(names(kept), "srcref")]
  bare
}

# ---- environments ----------------------------------------------------------------------------------------------

# An environment that is a value keeps all it holds, unless it is where a function or formula was made.
rehome_environment <- function(env, luggage) {
  if (stays(env) || isS4(env)) return(env)
  if (identical(env, globalenv())) return(luggage$home)
  known <- moved(env, luggage)
  if (length(known)) luggage$new[[known]] else copied(env, luggage)
}

# Is it a part of R or of a package, there in every process?
stays <- function(env) {
  isNamespace(env) || identical(env, baseenv()) || identical(env, emptyenv()) || grepl("^(package|imports):", label_of(env))
}

label_of <- function(env) if (is.character(attr(env, "name"))) attr(env, "name")[1L] else ""

# The first environment outwards that is no function frame.
owner_of <- function(env) {
  while (!stays(env) && !identical(env, globalenv())) env <- parent.env(env)
  env
}

# The latest first: they are asked for most.
moved <- function(env, luggage) {
  for (i in rev(seq_along(luggage$old))) if (identical(luggage$old[[i]], env)) return(i)
  NULL
}

# What stands for an environment in the fresh process: itself (packages), home (the notebook), or a frame that holds
# what is fetched from it.
home_of <- function(env, luggage) {
  if (stays(env)) return(env)
  if (identical(env, globalenv()) || nzchar(label_of(env))) return(luggage$home)
  if (luggage$whole) return(copied(env, luggage))
  known <- place(env, luggage)
  luggage$new[[known]]
}

# Where in the luggage an environment is; makes an empty one for it if it is not there yet.
place <- function(env, luggage) {
  known <- moved(env, luggage)
  if (length(known)) return(known)
  new <- new.env(parent = home_of(parent.env(env), luggage))
  attributes(new) <- attributes(env)
  luggage$old <- c(luggage$old, env)
  luggage$new <- c(luggage$new, new)
  luggage$full <- c(luggage$full, FALSE)
  length(luggage$old)
}

# A copy of an environment with all it holds.
copied <- function(env, luggage) {
  known <- place(env, luggage)
  new <- luggage$new[[known]]
  if (luggage$full[known]) return(new)
  luggage$full[known] <- TRUE
  # What cannot be evaluated, such as an argument that was never given, stays away.
  for (name in setdiff(ls(env, all.names = TRUE), c("...", ls(new, all.names = TRUE))))
    tryCatch(assign(name, rehome(get(name, env, inherits = FALSE), luggage), new), error = function(e) NULL)
  new
}

# ---- names -----------------------------------------------------------------------------------------------------

fetch_globals <- function(code, env, luggage, bound = character()) {
  used <- globals_of(code, bound)
  need(luggage, used$packages)
  for (name in used$functions) fetch(name, env, "function", luggage)
  for (name in used$variables) fetch(name, env, "any", luggage)
}

# Brings along what a name means in `env` if it is the notebook's own; remembers the package if it is a package's.
# FALSE if it means nothing.
fetch <- function(name, env, mode, luggage) {
  while (!identical(env, emptyenv()) && !exists(name, env, mode = mode, inherits = FALSE)) env <- parent.env(env)
  if (identical(env, emptyenv())) return(FALSE)
  label <- label_of(env)
  if (startsWith(label, "package:")) luggage$attached <- union(luggage$attached, setdiff(sub("package:", "", label), base_packages))
  if (stays(env) || grepl("^(Autoloads|tools:|jupyter:)", label)) return(TRUE)
  new <- home_of(env, luggage)
  if (exists(name, new, inherits = FALSE)) return(TRUE)
  value <- get(name, env, mode = mode)
  # There before its own code is looked through, which may name it again.
  assign(name, value, new)
  assign(name, rehome(value, luggage), new)
  if (generic(value)) for (method in methods_of(name, env)) fetch(method, env, "function", luggage)
  TRUE
}

generic <- function(f) is.function(f) && "UseMethod" %in% all.names(body(f))
methods_of <- function(name, env) Filter(function(own) startsWith(own, paste0(name, ".")), ls(env))

fetch_needed <- function(name, ask, luggage) {
  env <- if (is.null(environment(ask))) globalenv() else environment(ask)
  if (fetch(name, env, "any", luggage)) return(invisible())
  if (!nzchar(system.file(package = name)))
    refuse("`needs` names `", name, "`, which is neither defined in this notebook nor an installed package.")
  luggage$attached <- union(luggage$attached, name)
}

# The methods for the classes in the object: those of the notebook go along, those of packages name their package.
fetch_methods <- function(luggage) {
  own <- ls(globalenv())
  for (class in luggage$classes) {
    for (name in own[endsWith(own, paste0(".", class))]) fetch(name, globalenv(), "function", luggage)
    method <- utils::getS3method("predict", class, optional = TRUE, envir = globalenv())
    owner <- if (is.function(method)) owner_of(environment(method))
    if (isNamespace(owner)) need(luggage, unname(getNamespaceName(owner)))
  }
}

# ---- what is big -----------------------------------------------------------------------------------------------

# In words, what makes the version larger than it looks.
big_things <- function(luggage) {
  frames <- unique(c(list(luggage$home), luggage$new))
  sizes <- unlist(lapply(frames, function(frame) vapply(as.list.environment(frame, all.names = TRUE), megabytes, 0)))
  parts <- if (is.list(luggage$object) && !is.null(names(luggage$object))) vapply(unclass(luggage$object), megabytes, 0)
  along <- sizes[sizes >= 1]
  kept <- parts[parts >= 5]
  c(sprintf("`%s` (%.0f MB) goes along, because code of the model uses it.", names(along), along),
    if (length(kept)) sprintf("The model keeps %.0f MB in %s.", sum(kept), listed(names(kept))))
}

megabytes <- function(x) as.double(utils::object.size(x)) / 2^20
