"""Who is calling: a bearer token, a personal token or a session cookie becomes a `Principal`, from memory alone.

It never waits for the database. What is wrong with a credential goes to the log, not to the caller. What does not live
here: what the caller may do (`access.py`), and how FastAPI asks (`deps.py`).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import structlog

from api.access import Principal
from api.directory import Directory, Token, User
from api.settings import Settings
from api.tokens import KeyRing
from core.credentials import (
    BadCredential,
    Claims,
    hash_personal_token,
    parse_personal_token,
    verify_access_token,
)
from core.errors import Problem, Refused, RetryLater

CSRF_HEADER = "x-paaks-csrf"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CREDENTIAL_BYTES = 16 * 1024
_ONE_ANSWER = "the credential is missing, wrong, revoked or too old"
_log: Any = structlog.get_logger(component="api")


@dataclass(frozen=True)
class Wire:
    """What of a request says who sent it: the method, its headers (lower-case name → all values) and its cookies."""

    method: str
    headers: Mapping[str, list[str]]
    cookies: Mapping[str, str]

    def header(self, name: str) -> str | None:
        """The only value of a header, None where there is none. Raises BadCredential for several."""
        values = self.headers.get(name, [])
        if len(values) > 1:
            raise BadCredential(f"several {name}")
        return values[0] if values else None


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    """ASGI's headers as lower-case name → values."""
    headers: dict[str, list[str]] = {}
    for name, value in raw:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return headers


class Authenticator:
    """Judges credentials by the key ring and the directory."""

    def __init__(self, settings: Settings, keys: KeyRing, directory: Directory) -> None:
        self._settings = settings
        self._keys = keys
        self._directory = directory
        self._uses: dict[str, datetime] = {}

    def authenticate(self, wire: Wire) -> Principal:
        """Who sent a request to the API. An `Authorization` header decides where there is one, whatever the cookies.

        Raises Refused (401, or 403 for a cookie that another site sent along), RetryLater before the first load.
        """
        try:
            authorization = wire.header("authorization")
            if authorization is None:
                return self._authenticate_cookie(wire)
            scheme, _, credential = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise BadCredential("scheme")
            return self._judge(credential, "api")
        except BadCredential as error:
            raise self._refuse(error, "api") from error

    def authenticate_git(self, header: str | None) -> Principal:
        """Who sends git's request: Basic with any user name and a token as the password, or Bearer. Raises Refused."""
        try:
            scheme, _, credential = (header or "").partition(" ")
            if scheme.lower() == "basic":
                credential = _read_basic(credential)
            elif scheme.lower() != "bearer":
                raise BadCredential("scheme" if header else "missing")
            return self._judge(credential, "git")
        except BadCredential as error:
            raise self._refuse(error, "git") from error

    def take_uses(self) -> dict[str, datetime]:
        """The tokens that were used since the last call, by id."""
        uses, self._uses = self._uses, {}
        return uses

    def _refuse(self, error: BadCredential, surface: str) -> Refused:
        if error.reason != "missing":
            _log.info("auth.reject", reason=error.reason, surface=surface)
        if error.reason == "cross-site":
            return Refused(Problem("cross-site", "the session cookie is not enough"))
        login = self._settings.public_url.rstrip("/") + "/login"
        hint = f"sign in at {login}; programs send `Authorization: Bearer <token>`, and `paaks login` makes a token"
        return Refused(Problem("not-authenticated", _ONE_ANSWER, hint=hint))

    def _judge(self, credential: str, audience: str) -> Principal:
        if len(credential) > _CREDENTIAL_BYTES:
            raise BadCredential("size")
        if not self._directory.loaded:
            raise RetryLater("the directory of users has not been read yet")
        if parse_personal_token(credential):
            return self._judge_personal(credential)
        return self._judge_access(credential, audience)

    def _judge_personal(self, text: str) -> Principal:
        token = self._directory.now.tokens.get(hash_personal_token(text))
        if token is None or not token.is_good(time.time()):
            raise BadCredential("unknown token" if token is None else "expired")
        user = self._user(token.user_id)
        self._uses[token.id] = datetime.now(UTC)
        return self._principal(user, token)

    def _judge_access(self, text: str, audience: str) -> Principal:
        issuer = self._keys.issuer
        now = time.time()
        claims = verify_access_token(text, self._keys.public_keys, issuer=issuer, audience=audience, now=now)
        if claims.session in self._directory.now.revoked:
            raise BadCredential("revoked")
        return self._principal(self._user(claims.subject), claims)

    def _user(self, user_id: str) -> User:
        user = self._directory.now.users.get(user_id)
        if user is None or user.disabled:
            raise BadCredential("unknown user" if user is None else "disabled")
        return user

    def _principal(self, user: User, held: Token | Claims) -> Principal:
        """Roles are always today's; what the credential says can only narrow them."""
        personal = isinstance(held, Token)
        return Principal(
            user_id=user.id,
            email=user.email,
            name=user.name,
            operator=user.operator,
            roles=self._directory.now.roles.get(user.id, {}),
            scopes=frozenset(held.scopes),
            credential="personal" if personal else "access",
            tenant=held.tenant_id if isinstance(held, Token) else held.tenant,
            session=None if isinstance(held, Token) else held.session,
            token=held.id if isinstance(held, Token) else None,
        )

    def _authenticate_cookie(self, wire: Wire) -> Principal:
        cookie = wire.cookies.get(f"{self._settings.cookie_prefix}paaks_session")
        if cookie is None:
            raise BadCredential("missing")
        principal = self._judge_access_cookie(cookie)
        if wire.method not in _SAFE:
            self.refuse_other_sites(wire)
            self._check_csrf(wire, principal.session or "")
        return principal

    def _judge_access_cookie(self, cookie: str) -> Principal:
        if parse_personal_token(cookie):
            raise BadCredential("cookie")
        principal = self._judge(cookie, "api")
        return Principal(**{**vars(principal), "credential": "session"})

    def _check_csrf(self, wire: Wire, session: str) -> None:
        sent = wire.header(CSRF_HEADER) or ""
        if not hmac.compare_digest(sent.encode(), self._keys.make_csrf_token(session).encode()):
            raise BadCredential("cross-site")

    def refuse_other_sites(self, wire: Wire) -> None:
        """Raises BadCredential for a request that a page of another origin caused (Fetch Metadata, `Origin`)."""
        if wire.header("sec-fetch-site") not in (None, "same-origin", "none"):
            raise BadCredential("cross-site")
        origin = wire.header("origin")
        if origin is None or origin == _origin_of(self._settings.public_url):
            return
        # The page may have been opened under another name of this host; it is the same one as the request's.
        if urlsplit(origin).netloc != wire.header("host") or not origin.startswith(("http://", "https://")):
            raise BadCredential("cross-site")


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _read_basic(credential: str) -> str:
    """The password of Basic credentials (RFC 7617)."""
    if len(credential) > 2 * _CREDENTIAL_BYTES:
        raise BadCredential("size")
    try:
        text = base64.b64decode(credential, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadCredential("basic") from error
    _, colon, password = text.partition(":")
    if not colon:
        raise BadCredential("basic")
    return password
