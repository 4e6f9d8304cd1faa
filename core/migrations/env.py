"""What Alembic runs for each command: hands it the locked connection, one transaction for each step.

Nothing is decided here; `migrate` in the package does that.
"""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
