"""Which release of the product this is."""

from __future__ import annotations


def version() -> str:
    """The installed version; "0+source" where the package is used without being installed."""
    from importlib import metadata

    try:
        return metadata.version("jupyter_kronkers")
    except metadata.PackageNotFoundError:
        return "0+source"
