"""How each language is asked: one execute request, and where its answer lies.

    python   user expression, silent                     application/json
    julia    user expression, silent, code `ans`         text/plain     (empty code would overwrite `ans`)
    r        printed between marks, not in the history   stdout         (a silent IRkernel prints nothing)

Julia and R answer `ok`, a newline and JSON, or `error`, the class and the message on lines of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from jupyter_kronkers.errors import Conflict, Fault, Invalid, KronkersError, ModelFailed
from jupyter_kronkers.languages import julia, literals, python, r

MARK = "<kronkers-answer>"
_KEY = "kronkers"


@dataclass(frozen=True)
class CaptureRequest:
    """What to capture, by the names it has in the notebook. `target` is a column of the data or a name."""

    model: str
    data: str
    target: str | None = None
    predict: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, literals.Plain] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    notebook: str | None = None


class Question(NamedTuple):
    """The content of an execute request; `printed` if its answer is printed between marks."""

    content: dict[str, Any]
    printed: bool = False


class Dialect(Protocol):
    """One language. `answer` gives the decoded JSON of a reply, or raises what the kernel's error means."""

    patience_s: float
    """How long the kernel may take to say that it is idle."""

    has_subshells: bool
    """Whether a busy kernel can be asked beside its cell."""

    def candidates(self) -> Question: ...

    def preview(self, request: CaptureRequest) -> Question: ...

    def capture(self, request: CaptureRequest, folder: Path) -> Question: ...

    def answer(self, reply: Mapping[str, Any], printed: str) -> Any: ...


class Python:
    patience_s, has_subshells = 0.4, True

    def candidates(self) -> Question:
        return self._question(python.probe_source(), "scope['Answer'](scope['probe'](names))")

    def preview(self, request: CaptureRequest) -> Question:
        call = f"scope['preview_by_name'](scope['preview'], names, {literals.python(_plain(request))})"
        return self._question(python.preview_source(), call)

    def capture(self, request: CaptureRequest, folder: Path) -> Question:
        asked = literals.python(_plain(request))
        call = f"scope['by_name'](scope['capture'], names, {str(folder)!r}, {asked})"
        return self._question(python.capture_source(), call)

    def _question(self, source: str, call: str) -> Question:
        # One expression that leaves no name behind; `exec` itself may have been renamed in the notebook.
        run = f"(lambda scope, names: (__import__('builtins').exec({source!r}, scope), {call})[1])"
        names = "__import__('sys').modules['__main__'].__dict__"
        return Question(_silently({_KEY: f"{run}({{'__name__': 'kronkers_asks'}}, {names})"}))

    def answer(self, reply: Mapping[str, Any], printed: str) -> Any:
        said = reply["user_expressions"][_KEY]
        if said["status"] == "ok":
            return said["data"]["application/json"]
        raise _meaning(said["ename"], said["evalue"], "python")


class Julia:
    patience_s, has_subshells = 5.0, False

    def candidates(self) -> Question:
        return self._question("", julia.probe_source())

    def preview(self, request: CaptureRequest) -> Question:
        call = f"""{self._named(request)}
named("model")
preview(named("data"); target = target(), name = asked["target"])
"""
        return self._question(julia.preview_source(), call)

    def capture(self, request: CaptureRequest, folder: Path) -> Question:
        call = f"""{self._named(request)}
capture(named("model"), {literals.julia(str(folder))}; data = named("data"), predict = named("predict"),
        target = target(), metrics = asked["metrics"], params = asked["params"], needs = asked["needs"],
        variable = asked["model"], notebook = asked["notebook"])
"{{}}"
"""
        return self._question(julia.capture_source(), call)

    def _named(self, request: CaptureRequest) -> str:
        """Defines `asked`, what the session calls by its names, and the target as a capture takes it."""
        return f"""asked = {literals.julia(_plain(request))}
function named(field)
    name = asked[field]
    name === nothing && return nothing
    isdefined(Main, Symbol(name)) || throw(KronkersError("The notebook has no `$name`; it is named as $field.", ""))
    return getfield(Main, Symbol(name))
end
is_column(name) = name === nothing || name in table(named("data"), nothing).names || !isdefined(Main, Symbol(name))
target() = is_column(asked["target"]) ? asked["target"] : named("target")"""

    def _question(self, source: str, call: str) -> Question:
        text = literals.julia
        # Text by text at top level, so that the call sees what the source defines. `Text` is shown as it is.
        told = f"""let home = Module(:KronkersAsks)
    Base.Docs.Text(try
        Base.include_string(home, {text(source)}, "kronkers")
        "ok\\n" * Base.include_string(home, {text(call)}, "kronkers")
    catch error
        cause = error isa LoadError ? error.error : error
        "error\\n$(nameof(typeof(cause)))\\n" * sprint(showerror, cause)
    end)
end"""
        return Question(_silently({_KEY: told}, code="ans"))

    def answer(self, reply: Mapping[str, Any], printed: str) -> Any:
        said = reply["user_expressions"][_KEY]
        if said["status"] == "ok":
            return _decoded(said["data"]["text/plain"], "julia")
        raise _meaning(said["ename"], said["evalue"], "julia")


class R:
    patience_s, has_subshells = 5.0, False

    def candidates(self) -> Question:
        return self._question(r.probe_source(), "home$kronkers_probe()")

    def preview(self, request: CaptureRequest) -> Question:
        told = """home$kronkers_preview(model, rows, target, named("predict"), asked$target)"""
        return self._question(r.preview_source(), self._named(request, told))

    def capture(self, request: CaptureRequest, folder: Path) -> Question:
        call = f"""home$kronkers_capture(model, {literals.r(str(folder))}, data = rows, target = target,
                          predict = named("predict"), metrics = asked$metrics, params = asked$params,
                          needs = as.character(asked$needs), variable = asked$model, notebook = asked$notebook)
    "{{}}\""""
        return self._question(r.capture_source(), self._named(request, call))

    def _named(self, request: CaptureRequest, call: str) -> str:
        """`call`, where `asked` and what the notebook calls by its names stand."""
        return f"""{{
    asked <- {literals.r(_plain(request))}
    named <- function(field) {{
      if (is.null(asked[[field]])) return(NULL)
      if (!exists(asked[[field]], envir = globalenv()))
        home$refuse("The notebook has no `", asked[[field]], "`; it is named as ", field, ".")
      get(asked[[field]], envir = globalenv())
    }}
    model <- named("model")
    rows <- named("data")
    target <- asked$target
    is_column <- is.null(target) || target %in% colnames(rows) || !exists(target, envir = globalenv())
    if (!is_column) target <- named("target")
    {call}
  }}"""

    def _question(self, source: str, call: str) -> Question:
        # Line by line, as R refuses long texts with escapes. An error that is raised would abort the cells that wait.
        lines = ", ".join(map(literals.r, source.splitlines()))
        code = f"""local({{
  told <- tryCatch({{
    home <- new.env(parent = baseenv())
    eval(parse(text = c({lines}), keep.source = FALSE, encoding = "UTF-8"), home)
    paste0("ok\\n", {call})
  }}, error = function(e) paste0("error\\n", class(e)[1L], "\\n", conditionMessage(e)))
  cat("{MARK}", told, "{MARK}", sep = "")
  invisible()
}})"""
        return Question(_asked(code, silent=False), printed=True)

    def answer(self, reply: Mapping[str, Any], printed: str) -> Any:
        parts = printed.split(MARK)
        if len(parts) < 3:
            raise ModelFailed("Error", str(reply.get("evalue", "R said nothing")), "r")
        return _decoded(parts[1], "r")


DIALECTS: dict[str, Dialect] = {"python": Python(), "r": R(), "julia": Julia()}


def _plain(request: CaptureRequest) -> dict[str, Any]:
    return asdict(request) | {"needs": list(request.needs)}


def _silently(expressions: dict[str, str], code: str = "") -> dict[str, Any]:
    return _asked(code, silent=True) | {"user_expressions": expressions}


def _asked(code: str, *, silent: bool) -> dict[str, Any]:
    content = {"code": code, "silent": silent, "store_history": False, "user_expressions": {}}
    return content | {"allow_stdin": False, "stop_on_error": False}


def _decoded(told: str, language: str) -> Any:
    outcome, _, rest = told.partition("\n")
    if outcome == "ok":
        return json.loads(rest)
    class_, _, message = rest.partition("\n")
    raise _meaning(class_, message, language)


_REFUSALS = ("CaptureError", "NotInNotebook", "kronkers_error", "KronkersError")


def _meaning(class_: str, message: str, language: str) -> KronkersError:
    """What an error of the kernel is to the person who asked."""
    if class_ in _REFUSALS:
        return Invalid(Fault("model", message), message=message)
    if class_ in ("KeyboardInterrupt", "InterruptException"):
        return Conflict("The capture was interrupted in the notebook.", code="kernel_interrupted")
    return ModelFailed(class_, message, language)
