# The signature that a capture would have, read off the data: the model is not asked.
#
# Sent to live kernels behind json.R and capture.R, so it defines functions and nothing else.

#' `inputs`, `outputs` and `notes` about them, as JSON. What a capture would refuse of the data is refused here too.
#'
#' @param target the name(s) of the target in `data`, or its values; `named` is what it is called.
kronkers_preview <- function(model, data, target = NULL, predict = NULL, named = NULL) {
  features <- features_of(data, target)
  used <- if (is.null(predict) && features$container == "data.frame") intersect(names(features$columns), formula_columns(model))
  left <- if (length(used)) setdiff(names(features$columns), used)
  columns <- if (length(left)) features$columns[used] else features$columns
  outputs <- if (!is.null(target)) answered(data, target)
  notes <- c(if (length(left)) paste0("The model does not use ", listed(left), ": no inputs of the version."),
             paste0("The answer ", if (length(outputs)) paste("has the type of the target,", named) else "is not known yet",
                    "; the model itself is asked when you register."))
  to_json(list(inputs = told(fields(columns)), outputs = I(told(outputs)), notes = I(notes)))
}

# The target as the answer of a model: a regression answers with fractions also where it was fitted to whole numbers.
answered <- function(data, target) {
  is_column <- is.character(target) && all(target %in% colnames(data))
  if (is_column && length(target) != 1L) return(list())
  values <- if (!is_column) target else if (is.data.frame(data)) data[[target]] else data[, target]
  if (!is.null(dim(values)) || is.list(values)) return(list())
  fields(list(prediction = if (is.integer(values) && !is.factor(values)) as.double(values) else values))
}
