"""Users, memberships, sessions, tokens, sign-in links, idempotency keys and releases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    operator boolean NOT NULL,
    disabled boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE TABLE memberships (
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    tenant_id uuid,
    role text NOT NULL CONSTRAINT memberships_role_check CHECK (role IN ('viewer', 'developer', 'admin')),
    PRIMARY KEY (user_id, tenant_id)
);
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    refresh_hash text NOT NULL,
    previous_hash text,
    created_at timestamptz NOT NULL DEFAULT now(),
    rotated_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE TABLE tokens (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id uuid,
    name text NOT NULL,
    scopes text[] NOT NULL,
    hash text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX ix_tokens_user_id ON tokens (user_id);
CREATE TABLE sign_in_links (
    hash text PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE TABLE idempotency (
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    key text,
    request_hash text NOT NULL,
    status integer NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);
CREATE TABLE access_version (
    "only" boolean PRIMARY KEY DEFAULT true CONSTRAINT access_version_only_check CHECK ("only"),
    version bigint NOT NULL
);
INSERT INTO access_version (version) VALUES (1);
CREATE TABLE releases (
    tenant_id uuid,
    service text,
    commit text,
    tree text NOT NULL,
    state text NOT NULL,
    actor text NOT NULL,
    via text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    stages jsonb NOT NULL DEFAULT '{}'::jsonb,
    subject text NOT NULL DEFAULT '',
    reason text,
    sentence text,
    message text,
    superseded_by text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, service, commit)
);
CREATE INDEX releases_newest ON releases (tenant_id, created_at DESC);
"""


def upgrade() -> None:
    """Creates every table of the first version."""
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            op.execute(sa.text(statement))
