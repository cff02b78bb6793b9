"""Deployments have spares, and remember what a gateway withdrew by itself. Shares lie in `traffic`, which was there."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployments", sa.Column("spares", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("deployments", sa.Column("withdrawn", sa.Text(), nullable=False, server_default="{}"))
