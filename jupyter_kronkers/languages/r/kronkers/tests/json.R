# What is written is read back, and what is no JSON is refused.
library(kronkers)
to_json <- kronkers:::to_json
read_json <- kronkers:::read_json

texts <- c("", "a\"b\\c/", "tab\tline\n", "\u00e9 \u6f22 \U0001F600", "\u0001")
for (text in texts) stopifnot(identical(read_json(to_json(text)), text))
for (number in c(0, -0.1, 1 / 3, 1e-300, 2^53, 123456789)) stopifnot(identical(read_json(to_json(number)), number))

stopifnot(
  identical(read_json(" {\"a\": [1, null, true], \"b\": {}} "), list(a = list(1, NULL, TRUE), b = stats::setNames(list(), character()))),
  identical(read_json("\"\\ud83d\\ude00\\u0041\""), "\U0001F600A"),
  identical(to_json(list(a = I(1), b = list(), c = NULL, d = NA)), "{\"a\":[1],\"b\":{},\"c\":null,\"d\":null}"))

for (wrong in c("", "{", "[1,", "[1 2]", "{\"a\" 1}", "nope", "[1]]", "{1: 2}"))
  stopifnot(inherits(tryCatch(read_json(wrong), error = identity), "kronkers_error"))
