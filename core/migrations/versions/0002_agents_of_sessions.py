"""What signed in for each session, so that people know their own sessions apart."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """A session from before says nothing of it."""
    op.execute("ALTER TABLE sessions ADD COLUMN user_agent text NOT NULL DEFAULT ''")
