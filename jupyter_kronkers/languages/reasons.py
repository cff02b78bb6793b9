"""What to do about an error of a model, in words, by language.

    NameError: name 'rush_hour' is not defined   ──▶   The model uses `rush_hour`, which is defined in the notebook: …

A table per language: a pattern over "Class: message", and the remedy its groups fill. First match wins.
Standard library only: the artifacts carry a copy.
"""

from __future__ import annotations

import re

_PYTHON_NEEDS = (
    "The model uses `{0}`, which is defined in the notebook: register it from there with cloudpickle installed "
    'in its kernel, and with needs=["{0}"] if it is only looked up by name.'
)

_REMEDIES: dict[str, list[tuple[str, str]]] = {
    "python": [
        (
            r"^ModuleNotFoundError: No module named '([^'.]+)",
            "The model needs the package {0}, which the host does not have: pip install {0}. If {0} is a file of yours "
            'beside the notebook, carry it along: register(…, needs=["{0}"]).',
        ),
        (r"Can't get attribute '([^']+)' on <module '__main__'", _PYTHON_NEEDS),
        (
            r"Can't get attribute '([^']+)' on <module '([^']+)'",
            "The host has another version of {1}, without {0}. Install the version the model was made with.",
        ),
        (
            r"^ImportError: cannot import name '([^']+)' from '([^']+)'",
            "The host has another version of {1}, without {0}. Install the version the model was made with.",
        ),
        (r"^NameError: name '([^']+)' is not defined", _PYTHON_NEEDS),
        (
            r"^ValueError: unsupported pickle protocol",
            "The model was saved by a newer Python. Register it from the Python that hosts use.",
        ),
        (r"^MemoryError", "The model needs more memory than its limit. Raise memory_bytes of the deployment."),
        (r"^UnpicklingError", "The saved model is damaged. Register it again."),
        (r"^SystemExit", "Take the call of sys.exit() out of the model's predict."),
    ],
    "r": [
        (
            r"could not find function [\"“‘']([^\"”’']+)",
            'The model uses `{0}`, which is defined in the notebook: register it with needs = "{0}".',
        ),
        (
            r"there is no package called [\"“‘']([^\"”’']+)",
            'The model needs the package {0}, which the host does not have: install.packages("{0}").',
        ),
        (
            r"no applicable method for [\"“‘']predict[\"”’'] applied to an object of class \"(?:c\(['\"])?([^'\",)]+)",
            "No package that the host loads has predict() for {0}: load the package the model comes from with "
            "library() before registering, or pass predict = function(model, data) ….",
        ),
        (
            r"object [\"“‘']([^\"”’']+)[\"”’'] not found",
            'The model uses `{0}`, which is defined in the notebook: register it with needs = "{0}". '
            "If it is a column, it is missing from the rows sent.",
        ),
        (r"has new levels? (.+)|levels the model does not know", "Send only levels the model was fitted with."),
        (r"cannot allocate", "The model needs more memory than its limit. Raise memory_bytes of the deployment."),
        (
            r"unknown input format|ReadItem: unknown type|cannot read workspace version",
            "The saved model is damaged, or was saved by a newer R: register it again from the R that hosts use.",
        ),
    ],
    "julia": [
        (
            r"^UndefVarError: `?(\w+)`? not defined",
            "The model uses `{0}`, which is defined in the notebook: register it with needs = [:{0}].",
        ),
        (
            r"Package (\w+) not found in current path",
            'The model needs the package {0}, which the host does not have: import Pkg; Pkg.add("{0}").',
        ),
        (
            r"^CannotLoad: .*saved by Julia (\S+);",
            "Install Julia {0}, or register the model again from the Julia that hosts use.",
        ),
        (r"^CannotLoad: .*no saved model", "The saved model is damaged. Register it again."),
        (r"^CannotLoad: .*struct", "Make the object again with the struct as it is now, then register it."),
        (
            r"^MethodError: no method matching predict\(",
            "Say how to ask the model: register(…; predict = (model, data) -> …).",
        ),
        (
            r"^MethodError: objects of type (\S+) are not callable",
            "Say how to ask the model: register(…; predict = (model, data) -> …).",
        ),
        (r"^OutOfMemoryError", "The model needs more memory than its limit. Raise memory_bytes of the deployment."),
    ],
}

_ANY = [
    (r"the rows lack the columns", "Send all columns of the signature."),
    (r"^BadModelOutput: ", "Pass a predict function that gives one value, or one row of values, per row asked."),
    (r"^BadFrame: .*beyond 2\^53", "Send smaller integers, or declare the column as text."),
]


def remedy(language: str, class_: str, message: str) -> str:
    """What to do about the error; "" if nothing is known that its message does not say."""
    text = f"{class_}: {message}"
    for pattern, words in _REMEDIES.get(language, []) + _ANY:
        found = re.search(pattern, text)
        if found:
            return words.format(*(group or "" for group in found.groups()))
    return ""


def remedy_of_death(language: str, how: str, last_words: str) -> str:
    """What to do about a host that is gone: `how` it ended, and the end of what it printed."""
    if re.search(r"[Oo]ut ?[Oo]f ?[Mm]emory|cannot allocate|bad_alloc|MemoryError", last_words) or "memory" in how:
        return "The model needs more memory than its limit. Raise memory_bytes of the deployment, or make it smaller."
    if "ended by itself" in how:
        return "Take the call that ends the process out of the model: quit(), exit(), os._exit()."
    if "could not be started" in how:
        return f"Check that {language} is installed: jupyter kronkers languages."
    return "The log of the host says more."
