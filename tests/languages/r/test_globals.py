"""Which names R code takes from outside itself. The expectations are R's rules of scope."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Run = Callable[[str], str]

CASES = {
    "a parameter hides the name": ("function(x) x + y", "y"),
    "a default is evaluated inside": ("function(x, n = k) x + n", "k"),
    "assigned before use is local": ("function() { z <- 1; z + y }", "y"),
    "used before assigned is not": ("function() { z <- z + 1; z }", "z"),
    "assigned in one branch only may be outside": ("function(a) { if (a) z <- 1; z }", "z"),
    "assigned in both branches is local": ("function(a) { if (a) z <- 1 else z <- 2; z }", ""),
    "assigned in a loop may be outside": ("function(a) { for (i in a) z <- i; c(i, z) }", "z"),
    "a part is no name": ("function(d) d$column + d@slot + s$part", "s"),
    "replacing a part reads the whole": ("function() { s$part <- 1; s }", "s"),
    "a superassignment reaches outside": ("function() total <<- total + 1", "total"),
    "an inner function sees the outer one's names": ("function(x) { k <- 1; function(y) x + y + k + w }", "w"),
    "a hole in brackets is no name": ("function(m) m[, j]", "j"),
    "quoted code is not run": ("function() quote(a + b)", ""),
    "a formula names columns": ("function(d) lm(y ~ x, d)", ""),
    "dots are no name": ("function(...) sum(...)", ""),
}


@pytest.mark.parametrize(("code", "names"), CASES.values(), ids=CASES)
def test_variables_from_outside_are_found(run_r: Run, code: str, names: str) -> None:
    assert run_r(f"cat(sort(kronkers$globals_of({code})$variables))") == names


def test_functions_are_found_wherever_they_are_named(run_r: Run) -> None:
    code = (
        "function(d) { names(d) <- f(d); do.call('g', list(d)); lapply(d, h); y ~ k(x); x[1] <- (function(z) m(z))(1) }"
    )
    found = run_r(f"found <- kronkers$globals_of({code}); cat(c(found$functions, found$variables))").split()
    assert {"f", "g", "h", "k", "m", "names<-", "[<-"} <= set(found)


def test_packages_are_found_in_every_spelling(run_r: Run) -> None:
    code = "function() { a::f(); b:::g; library(c1); require('d'); requireNamespace(\"e\"); y ~ p::h(x) }"
    assert run_r(f"cat(kronkers$globals_of({code})$packages)").split() == ["a", "b", "c1", "d", "e", "p"]
