"""Access tokens are verified here, and personal access tokens recognised and hashed. Pure: no clock, no key store.

The verifier decides everything and the token nothing: one algorithm, one type, keys by lookup in the mapping that was
passed in (RFC 8725). What does not live here: signing (`api/tokens.py`), who still is a user (`api/auth.py`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.errors import PaaksError

PublicKey = Ed25519PublicKey

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
AUDIENCES = frozenset({"api", "git", "app"})
SCOPES = ("read", "write", "invoke", "admin")

TOKEN_BYTES = 16 * 1024
LEEWAY = 10.0  # seconds by which the clocks of two machines may differ
MAX_LIFETIME = 3600.0  # seconds; we sign for 15 minutes, so whatever claims more is not ours

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_PERSONAL_PREFIX = "paaks_pat_"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PERSONAL = re.compile(r"paaks_pat_([0-9A-Za-z]{30})([0-9A-Za-z]{6})")
PERSONAL_BODY_LENGTH = 30


class BadCredential(PaaksError):
    """A credential that is not to be believed. `reason` is for the log, never for the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Claims:
    """What a verified access token says. `tenant`, `slug`, `role`, `email`: for the audiences app and git only."""

    subject: str
    session: str
    audience: str
    issued_at: float
    expires_at: float
    scopes: tuple[str, ...]
    tenant: str | None = None
    slug: str | None = None
    role: str | None = None
    email: str | None = None


def verify_access_token(token: str, keys: Mapping[str, PublicKey], *, issuer: str, audience: str, now: float) -> Claims:
    """The claims of a token that one of `keys` signed for this issuer and audience and that is valid at `now` (epoch).

    Raises BadCredential for everything else, whatever the text is; no other exception.
    """
    key = keys.get(_key_id(_read_header(token)))
    if key is None:
        raise BadCredential("kid")
    try:
        payload = jwt.PyJWS().decode(token, key, algorithms=[ALGORITHM])
    except jwt.InvalidTokenError as error:
        raise BadCredential("signature") from error
    return _read_claims(_parse(payload, "claims"), issuer, audience, now)


def looks_like_access_token(text: str) -> bool:
    """Has it the form of a compact JWS? Says nothing about whether to believe it."""
    return len(text) <= TOKEN_BYTES and _COMPACT.fullmatch(text) is not None


def _read_header(token: str) -> dict[str, Any]:
    """The unverified header of a token in strict compact form (RFC 7515 §7.1)."""
    if len(token) > TOKEN_BYTES:
        raise BadCredential("size")
    match = _COMPACT.fullmatch(token)
    if match is None:
        raise BadCredential("form")
    segments = [_decode(segment) for segment in match.groups()]
    return _parse(segments[0], "header")


def _decode(segment: str) -> bytes:
    """base64url without padding, in its only canonical spelling: unused bits of the last character must be 0."""
    try:
        raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError as error:
        raise BadCredential("form") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != segment.encode():
        raise BadCredential("form")
    return raw


def _parse(raw: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(raw, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BadCredential(what) from error
    if not isinstance(value, dict):
        raise BadCredential(what)
    return value


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)  # NaN and Infinity are not JSON


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """No member twice: two readers could pick different ones."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _key_id(header: dict[str, Any]) -> str:
    """The `kid` of a header that is exactly ours: no `crit`, no `jwk`, `jku` or `zip`, no other algorithm or type."""
    if header.get("alg") != ALGORITHM:
        raise BadCredential("alg")
    if header.get("typ") != TYPE:
        raise BadCredential("typ")
    if header.keys() != {"alg", "typ", "kid"} or not isinstance(header["kid"], str):
        raise BadCredential("header")
    return header["kid"]


def _read_claims(claims: dict[str, Any], issuer: str, audience: str, now: float) -> Claims:
    if claims.get("iss") != issuer:
        raise BadCredential("iss")
    if claims.get("aud") != audience or audience not in AUDIENCES:
        raise BadCredential("aud")
    issued_at, expires_at = _check_times(claims, now)
    scopes = claims.get("scopes")
    if not isinstance(scopes, list) or not all(scope in SCOPES for scope in scopes):
        raise BadCredential("scopes")
    return Claims(
        subject=_text(claims, "sub"),
        session=_text(claims, "sid"),
        audience=audience,
        issued_at=issued_at,
        expires_at=expires_at,
        scopes=tuple(scopes),
        **({} if audience == "api" else {name: _text(claims, _MEMBER[name]) for name in _MEMBER}),
    )


_MEMBER = {"tenant": "ten", "slug": "slug", "role": "role", "email": "email"}


def _check_times(claims: dict[str, Any], now: float) -> tuple[float, float]:
    issued_at, not_before, expires_at = (_number(claims, name) for name in ("iat", "nbf", "exp"))
    if expires_at + LEEWAY <= now:
        raise BadCredential("expired")
    if max(issued_at, not_before) > now + LEEWAY:
        raise BadCredential("not yet valid")
    if expires_at - issued_at > MAX_LIFETIME:
        raise BadCredential("lifetime")
    return issued_at, expires_at


def _number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadCredential(name)
    try:
        number = float(value)
    except OverflowError as error:
        raise BadCredential(name) from error
    if not math.isfinite(number):
        raise BadCredential(name)
    return number


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise BadCredential(name)
    return value


def write_jwk(kid: str, key: PublicKey) -> dict[str, str]:
    """A public key as a JWK (RFC 8037)."""
    x = base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "alg": ALGORITHM, "use": "sig", "kid": kid, "x": x}


def read_key_set(jwks: Iterable[Mapping[str, Any]]) -> dict[str, PublicKey]:
    """`kid` → key of a list of JWKs as `write_jwk` makes them. Raises BadCredential for any other."""
    return {_text(jwk, "kid"): _read_jwk(jwk) for jwk in jwks}


def _read_jwk(jwk: Mapping[str, Any]) -> PublicKey:
    if (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519") or not isinstance(jwk.get("x"), str):
        raise BadCredential("jwk")
    try:
        return Ed25519PublicKey.from_public_bytes(_decode(jwk["x"]))
    except ValueError as error:
        raise BadCredential("jwk") from error


def write_personal_token(body: str) -> str:
    """The token of 30 random base62 characters: a prefix that scanners know, the body, a checksum of both."""
    return f"{_PERSONAL_PREFIX}{body}{_checksum(body)}"


def parse_personal_token(text: str) -> bool:
    """Is it a well-formed personal access token? A typo is told from a revoked token without asking anybody."""
    match = _PERSONAL.fullmatch(text)
    return match is not None and _checksum(match[1]) == match[2]


def hash_personal_token(text: str) -> str:
    """What is stored of it: SHA-256 in hex. No salt and no stretching: the token has 178 random bits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    number = zlib.crc32((_PERSONAL_PREFIX + body).encode())
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits
