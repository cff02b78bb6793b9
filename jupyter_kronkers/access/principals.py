"""Principals and scopes.

admin ─┬─ approve ─┐
       ├─ deploy ──┼─ read
       └─ write ───┘
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass

from jupyter_kronkers.errors import Denied

IMPLIED = {
    "read": frozenset({"read"}),
    "write": frozenset({"write", "read"}),
    "deploy": frozenset({"deploy", "read"}),
    "approve": frozenset({"approve", "read"}),
    "admin": frozenset({"admin", "approve", "deploy", "write", "read"}),
}
SCOPES = frozenset(IMPLIED)
"""The verbs. In a Hub each is the custom scope `custom:kronkers:<verb>`."""


@dataclass(frozen=True)
class Principal:
    """Who asks: a person, a kernel or a program acting for one, with the scopes that were given to it."""

    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether a scope was given, itself or inside a larger one."""
        return any(scope in IMPLIED[given] for given in self.scopes if given in IMPLIED)


def require(who: Principal, scope: str) -> None:
    """Raises Denied, naming the scope, if it was not given."""
    if not who.may(scope):
        raise Denied(who.name, f"custom:kronkers:{scope}")


def local_principal() -> Principal:
    """The person at this machine, who may do everything in their own data folder (embedded mode)."""
    return Principal(getpass.getuser(), frozenset({"admin"}))
