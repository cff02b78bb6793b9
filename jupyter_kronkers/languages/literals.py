"""Plain values as source text of each language, which reads back as the same value and never as code.

A value is None, a bool, an int, a finite or infinite float, NaN, a text, a list of values or a dict with text keys.
Raises Invalid for what a language cannot hold: in R a NUL in a text and integers beyond 2^53, in Julia integers
beyond 64 bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from jupyter_kronkers.errors import Fault, Invalid

Plain = None | bool | int | float | str | Sequence["Plain"] | Mapping[str, "Plain"]

_LARGEST_IN_R = 2**53


def python(value: Plain) -> str:
    """The value in Python."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {python(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(python, value)) + "]"
    return repr(value)


def r(value: Plain) -> str:
    """The value in R: lists and dicts become lists."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return _r_number(value)
    if isinstance(value, str):
        return _r_text(value)
    return "list(" + ", ".join(_items(value, r, _r_text, " = ")) + ")"


def julia(value: Plain) -> str:
    """The value in Julia: lists become vectors, dicts `Dict{String,Any}`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _julia_number(value)
    if isinstance(value, str):
        return _julia_text(value)
    opening, closing = ("Dict{String,Any}(", ")") if isinstance(value, Mapping) else ("Any[", "]")
    return opening + ", ".join(_items(value, julia, _julia_text, " => ")) + closing


def _items(
    value: Sequence[Plain] | Mapping[str, Plain], write: Callable[[Plain], str], key: Callable[[str], str], between: str
) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key(name)}{between}{write(item)}" for name, item in value.items()]
    return [write(item) for item in value]


def _r_number(value: float) -> str:
    if isinstance(value, int):
        if abs(value) > _LARGEST_IN_R:
            raise Invalid(Fault("value", f"{value} is an integer that R cannot hold"))
        return f"{value}L" if abs(value) < 2**31 else str(value)
    if math.isnan(value):
        return "NaN"
    return repr(value) if math.isfinite(value) else ("Inf" if value > 0 else "-Inf")


def _julia_number(value: float) -> str:
    if isinstance(value, int):
        if not -(2**63) < value < 2**63:
            raise Invalid(Fault("value", f"{value} is an integer that Julia's Int64 cannot hold"))
        return str(value)
    if math.isnan(value):
        return "NaN"
    return repr(value) if math.isfinite(value) else ("Inf" if value > 0 else "-Inf")


def _r_text(text: str) -> str:
    if "\0" in text:
        raise Invalid(Fault("value", "R cannot hold a text with a NUL character"))
    return '"' + "".join(_r_character(character) for character in _unicode(text)) + '"'


def _r_character(character: str) -> str:
    # In escapes, so that a session that is not in UTF-8 reads them alike.
    if character in '"\\':
        return "\\" + character
    if " " <= character <= "~":
        return character
    return f"\\U{{{ord(character):x}}}"


def _julia_text(text: str) -> str:
    # A dollar starts an interpolation: it would run code.
    return '"' + "".join(_julia_character(character) for character in _unicode(text)) + '"'


def _julia_character(character: str) -> str:
    if character in '"\\$':
        return "\\" + character
    return character if " " <= character <= "~" else f"\\U{ord(character):08x}"


def _unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Invalid(Fault("value", f"the text is not Unicode: {error.reason}")) from error
    return text
