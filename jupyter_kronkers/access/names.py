"""What people's things may be called.

    name    bike-demand, churn.v2     `^[a-z0-9][a-z0-9._-]{0,62}$` without `..`, and a safe file name on every system
    alias   champion, challenger      a name that cannot be mistaken for a version number
    title   free text on one line     stored as typed (NFC), escaped wherever it is shown
    text    free text on many lines   descriptions, notes, reasons

Nothing is decoded, trimmed or folded to make it fit: what does not fit is refused in words.
"""

from __future__ import annotations

import re
import unicodedata

from jupyter_kronkers.errors import Fault, Invalid

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
NUMBER = re.compile(r"v?[0-9]+")
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(10))})
"""What Windows will not have as a file, with or without an ending; a data folder may be copied there."""

LONGEST_TITLE = 200
LONGEST_TEXT = 10_000
RULE = "use 1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"


def name(text: str, field: str = "name") -> str:
    """The name itself. Raises Invalid (`invalid_name`) if it is not one."""
    problem = problem_of_name(text)
    if problem:
        raise Invalid(Fault(field, problem), code="invalid_name", remedy="Choose a name such as bike-demand.")
    return text


def alias(text: str, field: str = "alias") -> str:
    """The alias itself. Raises Invalid (`invalid_name`) if it is not a name, or reads as a version."""
    name(text, field)
    if text == "latest" or NUMBER.fullmatch(text):
        problem = f"{text!r} already means a version"
        raise Invalid(Fault(field, problem), code="invalid_name", remedy="Choose a name such as champion.")
    return text


def title(text: str, field: str = "title") -> str:
    """The title in NFC. Raises Invalid if it is too long, or holds a line break or another control character."""
    return checked(text, field, longest=LONGEST_TITLE, allowed="")


def prose(text: str, field: str = "description") -> str:
    """A longer text in NFC; line breaks and tabs may stay. Raises Invalid as `title` does."""
    return checked(text, field, longest=LONGEST_TEXT, allowed="\n\r\t")


def problem_of_name(text: str) -> str:
    """Why this is no name, "" if it is one."""
    if not NAME.fullmatch(text):
        return f"{shown(text)} is not a name: {RULE}"
    if ".." in text or text.endswith("."):
        return f"{shown(text)} is not a name: no '..' and no '.' at its end"
    if text.split(".", maxsplit=1)[0] in DEVICES:
        return f"{shown(text)} is the name of a device on some systems"
    return ""


def checked(text: str, field: str, *, longest: int, allowed: str) -> str:
    normal = unicodedata.normalize("NFC", text)
    if len(normal) > longest:
        raise Invalid(Fault(field, f"{len(normal):,} characters, the limit is {longest:,}"))
    # Cc are control characters, Cs are halves of characters that no UTF-8 can carry.
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in allowed for c in normal):
        raise Invalid(Fault(field, "holds a control character"))
    return normal


def shown(text: str) -> str:
    """For a message: short, on one line, everything strange spelled out."""
    return ascii(text if len(text) <= 80 else f"{text[:40]}…{text[-20:]}")
