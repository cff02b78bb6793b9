"""From a model in a Python, R or Julia notebook to a versioned, proven, fast endpoint, without leaving Jupyter.

import jupyter_kronkers as kronkers
kronkers.register(model, "bike-demand", data=X_train, target=y_train, metrics={"rmse": 41.2})
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_kronkers.client import Client, RegisteredVersion, register

    __version__: str

__all__ = ["Client", "RegisteredVersion", "__version__", "register"]


def __getattr__(name: str) -> object:
    # Every process of ours begins by importing this file: what it offers is fetched when it is asked for.
    if name == "__version__":
        from jupyter_kronkers.release import version

        return version()
    if name in __all__:
        from jupyter_kronkers import client

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    from jupyter_kronkers.app import KronkersApp

    return [{"module": "jupyter_kronkers.app", "app": KronkersApp}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "_labextension", "dest": "jupyter-kronkers"}]
