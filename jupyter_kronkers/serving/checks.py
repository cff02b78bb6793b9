"""What may be wished: counts, shares and limits that make sense. Each raises Invalid, naming what does not."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from jupyter_kronkers.errors import Conflict, Fault, Invalid
from jupyter_kronkers.serving.gateway.routes import ServingLimits

MOST_REPLICAS, MOST_SPARES = 64, 8
MAY_BE_NONE = ("idle_s", "network")
"""Limits for which 0 means never, or no."""

GivenLimits = ServingLimits | Mapping[str, float] | None


def count(replicas: int) -> int:
    return between("replicas", replicas, 1, MOST_REPLICAS)


def spare_count(spares: int) -> int:
    return between("spares", spares, 0, MOST_SPARES)


def between(field: str, number: int, least: int, most: int) -> int:
    if not least <= number <= most:
        raise Invalid(Fault(field, f"must be {least} to {most}"))
    return number


def share(percent: float) -> float:
    if not (math.isfinite(percent) and 0 <= percent <= 100):
        raise Invalid(Fault("percent", "must be 0 to 100"))
    return percent


def one_of(alias: str | None, version: int | None) -> None:
    if (alias is None) == (version is None):
        raise Invalid(Fault("version", "give either an alias or a version"))


def limits(given: GivenLimits, base: ServingLimits) -> ServingLimits:
    """The limits, those not given as in `base`."""
    if isinstance(given, ServingLimits) or not given:
        return given if isinstance(given, ServingLimits) else base
    if unknown := sorted(given.keys() - set(ServingLimits.__struct_fields__)):
        raise Invalid(*(Fault(f"limits.{name}", "there is no such limit") for name in unknown))
    asked = {name: spelled(name, value) for name, value in given.items()}
    try:
        found = msgspec.convert({**msgspec.to_builtins(base), **asked}, ServingLimits)
    except msgspec.ValidationError as problem:
        raise Invalid(Fault("limits", str(problem))) from problem
    wrong = [name for name, value in msgspec.to_builtins(found).items() if name not in MAY_BE_NONE and value <= 0]
    wrong += [name for name in MAY_BE_NONE if getattr(found, name) < 0]
    if wrong:
        raise Invalid(*(Fault(f"limits.{name}", "must be more than 0") for name in wrong))
    return found


def spelled(name: str, value: float) -> float:
    """The value in the kind that its limit has: JSON knows numbers only, and 9.0 is 9."""
    if name == "network" and value in (0, 1):
        return bool(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def before(number: int | None, name: str) -> int:
    """The version before. Raises Conflict if there was none."""
    if number is None:
        raise Conflict(f"{name} had no version before this one.", remedy="Move its alias, or pin a version.")
    return number
