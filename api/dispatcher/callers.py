"""Who is calling: what the api has told of keys, tenants and tokens, and what a credential is worth by it.

State without I/O. What does not live here: where it comes from and where it is kept (`access.py`), what a caller may
reach (`admission.py`). A credential is judged anew with each request, so what is revoked is felt at once.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core import credentials
from core.credentials import BadCredential, Claims, PublicKey
from core.errors import PaaksError, Problem, Refused

_CACHED = 4096  # verified tokens
_JWS = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
_PERSONAL = "paaks_pat_"
_ISSUERS = "paaks:"


class NotTold(PaaksError):
    """Nothing is known of any credential yet: the api has not been reached, and no snapshot was stored."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credential it is: the tenant's id, the user as a handler is told, and what the token may do."""

    tenant: str
    user: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class _Snapshot:
    version: int = 0
    issuer: str = ""
    jwks: tuple[Mapping[str, str], ...] = ()
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    tenants: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)


class Callers:
    """What is known of callers. `take` the api's messages; `identify` a request's Authorization."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._now = _Snapshot()
        self._claims: dict[str, Claims] = {}
        self._hashes: dict[str, str] = {}
        self.is_told = False

    @property
    def tenants(self) -> Mapping[str, str]:
        """Slug → tenant id."""
        return self._now.tenants

    def take(self, message: Mapping[str, Any]) -> bool:
        """A message of the access stream; True where it has changed anything.

        Raises ValueError (KeyError, TypeError, BadCredential) for a message that is none; nothing has changed then.
        """
        if message["type"] == "snapshot":
            self._now = _read_snapshot(message)
            self.is_told = True
        elif message["type"] == "delta":
            self._now = _apply_delta(self._now, message)
        else:
            return False
        self._claims.clear()
        return True

    def write(self) -> dict[str, Any]:
        """Everything that is known, as a snapshot message."""
        now = self._now
        return {
            "type": "snapshot",
            "version": now.version,
            "issuer": now.issuer,
            "keys": list(now.jwks),
            "tenants": now.tenants,
            "tokens": now.tokens,
            "revoked": sorted(now.revoked),
        }

    def identify(self, authorization: bytes | None) -> Caller | None:
        """The caller of a request; None where it carries no credential of ours.

        Raises Refused (not-authenticated) for one of ours that is not good, NotTold while nothing is known.
        """
        if authorization is None or authorization[:7].lower() != b"bearer ":
            return None
        token = authorization[7:].strip(b" \t").decode("latin-1")
        if token.startswith("paaks_"):
            return self._find_personal(token)
        claims = self._claims.get(token) or self._verify(token)
        if claims is None:
            return None
        if claims.session in self._now.revoked or claims.expires_at + credentials.LEEWAY <= self._clock():
            raise _bad()
        return Caller(claims.tenant or "", claims.email or "", claims.scopes)

    def _find_personal(self, token: str) -> Caller:
        digest = self._hashes.get(token)
        if digest is None:
            if not credentials.parse_personal_token(token):
                raise _bad()
            digest = credentials.hash_personal_token(token)
            _make_room(self._hashes)
            self._hashes[token] = digest
        if not self.is_told:
            raise NotTold
        known = self._now.tokens.get(digest)
        if known is None or (known["expires"] is not None and known["expires"] <= self._clock()):
            raise _bad()
        return Caller(known["tenant"], known["user"], tuple(known["scopes"]))

    def _verify(self, token: str) -> Claims | None:
        """The claims of an access token of ours; None for what was never one, say a token of the handler's own."""
        now = self._now
        try:
            claims = credentials.verify_access_token(
                token, now.keys, issuer=now.issuer, audience="app", now=self._clock()
            )
        except BadCredential as error:
            if not _is_ours(token):
                return None
            if not self.is_told:
                raise NotTold from error
            raise _bad() from error
        _make_room(self._claims)
        self._claims[token] = claims
        return claims


def _bad() -> Refused:
    return Refused(Problem("not-authenticated", "the token is not valid here: it is unknown, expired or revoked"))


def _make_room(cache: dict[str, Any]) -> None:
    if len(cache) >= _CACHED:
        del cache[next(iter(cache))]


def _read_snapshot(message: Mapping[str, Any]) -> _Snapshot:
    return _Snapshot(
        int(message["version"]),
        str(message["issuer"]),
        tuple(message["keys"]),
        credentials.read_key_set(message["keys"]),
        dict(message["tenants"]),
        {digest: _read_token(token) for digest, token in message["tokens"].items()},
        set(message["revoked"]),
    )


def _read_token(token: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: token[name] for name in ("tenant", "user", "scopes", "expires")}


def _apply_delta(now: _Snapshot, message: Mapping[str, Any]) -> _Snapshot:
    jwks = tuple(message.get("keys", now.jwks))
    tenants, tokens, revoked = (message.get(name, {}) for name in ("tenants", "tokens", "revoked"))
    changed = {digest: _read_token(token) for digest, token in tokens.get("set", {}).items()}
    return _Snapshot(
        int(message["version"]),
        now.issuer,
        jwks,
        now.keys if jwks == now.jwks else credentials.read_key_set(jwks),
        _without(now.tenants, tenants.get("removed", ())) | tenants.get("set", {}),
        _without(now.tokens, tokens.get("removed", ())) | changed,
        (now.revoked - set(revoked.get("removed", ()))) | set(revoked.get("set", ())),
    )


def _without(mapping: dict[str, Any], removed: Any) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in set(removed)}


def hides_credential(text: str) -> bool:
    """Is a personal token or an access token of ours, good or not, anywhere in this text?"""
    return _PERSONAL in text or any(_is_ours(match[0]) for match in _JWS.finditer(text))


def _is_ours(token: str) -> bool:
    """Does this JWS say that we have made it? Only so is a handler's own token told from a bad one of ours."""
    parts = token.split(".")
    if len(parts) < 2:
        return False
    header, claims = _peek(parts[0]), _peek(parts[1])
    issuer = claims.get("iss")
    listed = issuer if isinstance(issuer, list) else [issuer]
    return header.get("typ") == credentials.TYPE or any(str(name).startswith(_ISSUERS) for name in listed)


def _peek(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
