# R models for the hosts' tests, good and bad, each saved as a capture has it: Rscript models.R FOLDER
root <- commandArgs(TRUE)[1]
x <- list(list(name = "x", native = "double", levels = NULL))
saved <- function(name, predict, object = NULL, inputs = x, container = "data.frame", attached = character(),
                  needed = character(), definitions = NULL, types = "double") {
  folder <- file.path(root, name)
  dir.create(file.path(folder, "model"), recursive = TRUE)
  outputs <- paste0('{"name":"prediction","type":"', types, '"}', collapse = ",")
  writeLines(paste0('{"format":1,"language":"r","runtime":{"version":"4.2.2"},"model":{"file":"model/model.rds"},',
                    '"container":"', container, '","inputs":[{"name":"x","type":"double","native":"double","levels":null,',
                    '"missing":false}],"outputs":[', outputs, ']}'), file.path(folder, "capture.json"))
  if (is.function(predict)) environment(predict) <- globalenv()
  saveRDS(list(format = 1L, object = object, predict = predict, inputs = inputs, container = container,
               attached = attached, needed = needed, definitions = definitions), file.path(folder, "model", "model.rds"))
}

saved("doubles", function(m, d) d$x * 2)
saved("environment", function(m, d) {
  told <- as.list(Sys.getenv())
  quote <- function(s) paste0('"', gsub('(["\\\\])', "\\\\\\1", s), '"')
  pairs <- paste(quote(names(told)), quote(unlist(told)), sep = ":", collapse = ",")
  rep(paste0('{"environ":{', pairs, '},"cwd":', quote(getwd()), "}"), nrow(d))
})
saved("loops", function(m, d) repeat {})
saved("prints", function(m, d) repeat cat(strrep("x", 1e6)))
saved("prints_then_answers", function(m, d) { print("KF1"); cat("KF1\n"); message("KF1"); d$x })
saved("eats", function(m, d) { l <- list(); repeat l[[length(l) + 1L]] <- numeric(1e6) })
saved("leaves_children", function(m, d) {
  system("setsid sleep 86399 & sleep 86399 &")
  quit()
})
saved("quits", function(m, d) quit(save = "no"))
saved("quits_when_asked", function(m, d) if (d$x[1] < 0) quit("no", 3) else d$x)
saved("leaves_when_asked", function(m, d) {
  if (d$x[1] > 0) return(d$x)
  as.double(system("sleep 86399 >/dev/null 2>&1 & echo $!", intern = TRUE))
})
saved("random", function(m, d) runif(length(d$x)))
saved("crashes", function(m, d) tools::pskill(Sys.getpid(), 11L))
saved("raises", function(m, d) stop("no \u00e9"))
saved("short", function(m, d) 1)
saved("strange", function(m, d) list(a = mean, b = 2))
saved("not_finite", function(m, d) c(NaN, Inf, -0.0)[seq_len(nrow(d))])
saved("whole", function(m, d) as.integer(d$x))
saved("gaps", function(m, d) c(NA_integer_, 1L)[seq_len(nrow(d))])
saved("matrix", function(m, d) cbind(low = d$x, high = d$x * 2), types = c("double", "double"))
saved("factor", function(m, d) factor(ifelse(d$x > 1, "high", "l\u00f6w")), types = "string")
saved("undefined", function(m, d) rush_hour(d))
saved("undefined_value", function(m, d) d$x * rush_factor)
saved("needs_package", function(m, d) d$x, attached = "nosuchpackage")
saved("garbage", NULL)
writeLines("garbage", file.path(root, "garbage", "model", "model.rds"))

# What R itself answers stands in answers.txt, so that the tests' expectations are R's own.
fit <- lm(mpg ~ wt + factor(cyl), mtcars)
saved("lm", NULL, fit, list(list(name = "wt", native = "double", levels = NULL), list(name = "cyl", native = "integer", levels = NULL)))
spline <- lm(dist ~ splines::bs(speed), cars)
saved("spline", NULL, spline, list(list(name = "speed", native = "double", levels = NULL)), needed = "splines")
answers <- c(predict(fit, data.frame(wt = c(2.5, 3.5), cyl = c(4L, 8L))), predict(spline, data.frame(speed = c(10, 15.5))))
writeLines(sprintf("%.17g", answers), file.path(root, "answers.txt"))

# A predict method of the notebook's own, found only from where it is defined.
home <- new.env(parent = globalenv())
home$predict.mine <- function(object, newdata, ...) twice(newdata$x) + object$plus
home$twice <- function(v) 2 * v
environment(home$predict.mine) <- environment(home$twice) <- home
saved("own_method", NULL, structure(list(plus = 1), class = "mine"), definitions = home)

kinds <- list(list(name = "i", native = "integer", levels = NULL), list(name = "d", native = "double", levels = NULL),
              list(name = "l", native = "logical", levels = NULL), list(name = "s", native = "character", levels = NULL),
              list(name = "f", native = "factor", levels = I(c("a", "b"))), list(name = "o", native = "ordered", levels = c("lo", "hi")),
              list(name = "D", native = "Date", levels = NULL), list(name = "P", native = "POSIXct", levels = NULL))
saved("kinds", function(m, d) {
  data.frame(class = rep(paste(vapply(d, function(v) class(v)[1], ""), collapse = " "), nrow(d)),
             levels = paste(levels(d$f), collapse = ","), D = d$D, P = d$P, missing = rowSums(is.na(d)))
}, inputs = kinds, types = c("string", "string", "datetime", "datetime", "double"))
saved("as_matrix", function(m, d) paste(class(d)[1], typeof(d), paste(colnames(d), collapse = ",")), container = "matrix", types = "string")
