"""Runs the migrations inside the transaction that `migrate` began, so that a killed one leaves nothing half done."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
context.run_migrations()
