"""Numbered changes of the tables. `HEAD` is the newest this version of the product knows."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from jupyter_kronkers.errors import Conflict

HEAD = "0002"


def migrate(engine: sa.Engine) -> None:
    """Bring the database to `HEAD`. Costs one query when it is there already.

    Raises Conflict if the database knows a later change than we do.
    """
    found = revision(engine)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise Conflict(
            f"The database is of a newer version of jupyter_kronkers (it stands at {found}, this one knows {HEAD}).",
            remedy="Upgrade with: pip install --upgrade jupyter-kronkers",
        )
    upgrade(engine)


def revision(engine: sa.Engine) -> str | None:
    """Where the database stands, or None if it is empty."""
    if not sa.inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


def upgrade(engine: sa.Engine) -> None:
    # Alembic takes a fifth of a second to import: only whoever must migrate pays for it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.connect() as connection:
        locked = connection.execution_options(kronkers_writes=True)
        with locked.begin():
            config.attributes["connection"] = locked
            command.upgrade(config, "head")
