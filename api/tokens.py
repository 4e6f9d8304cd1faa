"""The secrets that the platform makes for callers: signed access tokens, with their keys, and personal access tokens.

The keys are files of the data directory, 0600, and the directory is the truth: a key put there signs, a key removed is
refused, within seconds and without a restart. What does not live here: judging what comes back (`core/credentials.py`,
`auth.py`), storing it (`accounts.py`, `sessions.py`), and passwords (`passwords.py`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.credentials import ALGORITHM, LEEWAY, PERSONAL_BODY_LENGTH, TYPE, PublicKey, write_jwk, write_personal_token
from core.errors import PaaksError

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LIVE_KEYS = 2


class UnusableKeyError(PaaksError):
    """A file in the key directory that cannot be used; the message names it."""


@dataclass(frozen=True)
class SigningKey:
    """One key: `created` is epoch seconds, from the file's name."""

    kid: str
    created: float
    private: Ed25519PrivateKey
    path: Path


@dataclass(frozen=True)
class TenantGrant:
    """The one tenant that a token for git or apps carries, and the email by which the tenant knows the caller."""

    id: str
    slug: str
    role: str
    email: str


class KeyRing:
    """The installation's keys. At most two are believed: the newest, which signs, and the one before it.

    `lifetime` is how long a token is good, in seconds. Raises UnusableKeyError where a file cannot be read.
    """

    def __init__(self, directory: Path, *, lifetime: float, now: float) -> None:
        self._directory = directory
        self._lifetime = lifetime
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.issuer = "paaks:" + _read_or_make(directory / "installation", lambda: str(uuid.uuid4()))
        self._csrf_key = _read_or_make(directory / "csrf.key", lambda: secrets.token_urlsafe(32)).encode()
        self._keys: tuple[SigningKey, ...] = ()
        self.refresh()
        if not self._keys:
            self.rotate(now)

    @property
    def public_keys(self) -> Mapping[str, PublicKey]:
        """`kid` → key of all that are believed."""
        return self._public

    @property
    def jwks(self) -> list[dict[str, str]]:
        """The believed keys as JWKs, for the access stream."""
        return [write_jwk(kid, key) for kid, key in self._public.items()]

    def refresh(self) -> None:
        """Looks into the directory again; costs one listing where nothing has changed."""
        paths = sorted(self._directory.glob("signing-*.pem"), reverse=True)[:_LIVE_KEYS]
        known = {key.path: key for key in self._keys}
        if tuple(paths) != tuple(known):
            self._keys = tuple(known.get(path) or _read_key(path) for path in paths)
        self._public = {key.kid: key.private.public_key() for key in self._keys}

    def tend(self, now: float, key_seconds: float) -> None:
        """Makes a new key when the newest is too old, and removes the one before once no token of it can be good."""
        self.refresh()
        newest = self._keys[0].created if self._keys else 0.0
        if now - newest > key_seconds:
            self.rotate(now)
        elif now - newest > self._lifetime + LEEWAY:
            for key in self._keys[1:]:
                key.path.unlink(missing_ok=True)
            self.refresh()

    def rotate(self, now: float) -> str:
        """Makes a new signing key; the one before it stays good, older ones do not. Returns its `kid`."""
        private = Ed25519PrivateKey.generate()
        kid = secrets.token_hex(8)
        path = self._directory / f"signing-{max(int(now * 1000), self._next_stamp()):015d}-{kid}.pem"
        encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        write_secret(path, private.private_bytes(*encoding))
        for old in sorted(self._directory.glob("signing-*.pem"), reverse=True)[_LIVE_KEYS:]:
            old.unlink(missing_ok=True)
        self.refresh()
        return kid

    def _next_stamp(self) -> int:
        """Later than the newest key's, also where the clock has gone back."""
        return int(self._keys[0].created * 1000) + 1 if self._keys else 0

    def sign_access_token(
        self,
        *,
        user_id: str,
        session: str,
        audience: str,
        scopes: list[str],
        now: float,
        grant: TenantGrant | None = None,
    ) -> tuple[str, float]:
        """An access token and when it ends (epoch). `grant` belongs to the audiences app and git, and only to them."""
        key = self._keys[0]
        claims: dict[str, object] = {"iss": self.issuer, "aud": audience, "sub": user_id, "sid": session}
        claims |= {"iat": int(now), "nbf": int(now), "exp": int(now + self._lifetime), "scopes": scopes}
        if grant is not None:
            claims |= {"ten": grant.id, "slug": grant.slug, "role": grant.role, "email": grant.email}
        payload = json.dumps(claims, separators=(",", ":")).encode()
        headers = {"typ": TYPE, "kid": key.kid}
        return jwt.PyJWS().encode(payload, key.private, algorithm=ALGORITHM, headers=headers), now + self._lifetime

    def make_csrf_token(self, session: str) -> str:
        """What a page has to send along with the session's cookie; the same for as long as the session lasts."""
        digest = hmac.digest(self._csrf_key, session.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def derive_secret(self, purpose: str) -> bytes:
        """A secret of this installation for one purpose; it says nothing of the others."""
        return hmac.digest(self._csrf_key, f"secret for {purpose}".encode(), "sha256")


def make_personal_token() -> str:
    """A new personal access token, with 178 random bits."""
    return write_personal_token("".join(secrets.choice(_BASE62) for _ in range(PERSONAL_BODY_LENGTH)))


def make_secret() -> str:
    """A new random secret of 256 bits, for refresh cookies and sign-in links."""
    return secrets.token_urlsafe(32)


def hash_secret(text: str) -> str:
    """What is stored of a random secret."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_secret(path: Path, content: bytes) -> None:
    """A file that only we can read, complete under its name or not there; durable when this returns."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Makes renames in a directory durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        write_secret(path, make().encode())
        return path.read_text().strip()
    except (OSError, ValueError) as error:
        raise UnusableKeyError(f"{path} cannot be read: {error}") from error


def _read_key(path: Path) -> SigningKey:
    try:
        _, stamp, kid = path.stem.split("-")
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
        created = int(stamp) / 1000
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKeyError(f"{path} is not a signing key: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise UnusableKeyError(f"{path} is not an Ed25519 key")
    return SigningKey(kid, created, private, path)
