"""Who asks, and what they may do: principals, scopes, tokens, and the audit that remembers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_kronkers.access.principals import SCOPES, Principal, local_principal, require

if TYPE_CHECKING:
    from jupyter_kronkers.access.audit import Audit
    from jupyter_kronkers.access.tokens import Tokens

__all__ = ["SCOPES", "Audit", "Principal", "Tokens", "local_principal", "require"]


def __getattr__(name: str) -> object:
    # Both speak SQL, and SQLAlchemy must not be imported while a Jupyter Server loads the extension.
    if name == "Audit":
        from jupyter_kronkers.access.audit import Audit

        return Audit
    if name == "Tokens":
        from jupyter_kronkers.access.tokens import Tokens

        return Tokens
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
