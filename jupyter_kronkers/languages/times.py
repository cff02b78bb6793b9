"""Times of a request: the one spelling that all languages read alike, as far as the model's own kind can hold it.

    2026-03-03T12:00:00.25+02:00 ──▶ 2026-03-03T10:00:00.25, in UTC and without a zone, as frames carry it

Each language would do something else with the rest: cut a fraction off, or a time off a date, or wrap around the
centuries. So it is refused.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

SPELLED = re.compile(
    r"(\d{4}-\d\d-\d\d)"
    r"(?:[T ](\d\d|\d\d:\d\d|\d\d:\d\d:\d\d)(?:(?<=:\d\d:\d\d)\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
"""Others of ISO 8601 (weeks, no dashes) they read apart."""

MIDNIGHT = "T00:00:00"
DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
NANOSECOND_YEARS = range(1678, 2262)
"""64 bits of nanoseconds since 1970 hold these whole years."""

WORDS = "a date or time in ISO 8601"


def in_utc(text: str, native: str = "") -> str:
    """The text as frames carry it, for a column that is `native` in the model's language.

    Raises ValueError, in words that follow the column's name.
    """
    found = SPELLED.fullmatch(text)
    try:
        utc = _shifted(*found.groups()) if found else None
    except (ValueError, OverflowError):
        utc = None
    if utc is None:
        raise ValueError(f"must be {WORDS}; it holds {text[:40]!r}")
    if _unit(native) == "ns" and int(utc[:4]) not in NANOSECOND_YEARS:
        raise ValueError("is out of range: the model counts nanoseconds, which reach from 1678 to 2261")
    return _day(utc) if _is_date(native) else _no_finer(utc, native)


def _shifted(day: str, clock: str | None, fraction: str | None, zone: str | None) -> str:
    if clock is None:
        return date.fromisoformat(day).isoformat()
    time = datetime.fromisoformat(f"{day}T{clock}{zone or ''}")
    whole = time if zone is None else time.astimezone(UTC).replace(tzinfo=None)
    # The fraction is kept as it is, in every zone the same: datetime would cut its nanoseconds off.
    return f"{whole.isoformat()}.{fraction}".rstrip("0").rstrip(".") if fraction else whole.isoformat()


# What the model's own kind holds


def _is_date(native: str) -> bool:
    return native in ("Date", "date", "object[date]", "datetime64[D]")


def _day(utc: str) -> str:
    day, time = utc[:10], utc[10:]
    if time not in ("", MIDNIGHT):
        raise ValueError(f"must be a date; it holds the time {utc}")
    return day


def _no_finer(utc: str, native: str) -> str:
    digits = _digits(native)
    if len(utc.partition(".")[2]) > digits:
        raise ValueError(f"is out of range: the model's times have {digits} digits below a second")
    return utc


def _digits(native: str) -> int:
    """How many digits below a second a kind of time holds: Julia's DateTime 3, Python's datetime 6.
    R's POSIXct is a double of seconds, and exact to 6 in our centuries."""
    if not native or (unit := _unit(native)) == "ns":
        return 9
    return DIGITS.get(unit, 3 if native == "DateTime" else 6)


def _unit(native: str) -> str:
    """The unit of NumPy's `datetime64[ns]`, or of pandas' `datetime64[ns, UTC]`."""
    return native.removeprefix("datetime64[").partition(",")[0].rstrip("]") if native.startswith("datetime64") else ""
