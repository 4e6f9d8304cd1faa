"""AUTH-01…10 and 22: forged access tokens on every surface that there is; one test for each row of the notes."""

from __future__ import annotations

import base64
import hmac
import json
import time
import zlib
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.api_process import ApiProcess, slug_of
from tests.integration.api.conftest import People, fetch_git

AUDIENCES = {"api": "api", "git": "git"}


class Forge:
    """Whoever holds the platform's key: it can sign anything."""

    def __init__(self, api: ApiProcess, user: str, tenant: str) -> None:
        (path,) = Path(api.data / "keys").glob("signing-*.pem")
        self.kid = path.stem.split("-")[2]
        private = serialization.load_pem_private_key(path.read_bytes(), None)
        assert isinstance(private, Ed25519PrivateKey)
        self.private = private
        self.issuer = "paaks:" + (api.data / "keys" / "installation").read_text().strip()
        self.user, self.tenant = user, tenant
        self.api = api

    def claims(self, aud: str = "api", **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": aud,
            "sub": self.user,
            "sid": "0",
            "iat": now,
            "nbf": now,
            "exp": now + 900,
        }
        claims |= {"scopes": ["read", "write", "invoke", "admin"]}
        if aud != "api":
            claims |= {"ten": self.tenant, "slug": "demo", "role": "admin", "email": "a@example.org"}
        return {name: value for name, value in (claims | changed).items() if value is not None}

    def header(self, **changed: Any) -> dict[str, Any]:
        return {"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid} | changed

    def sign(self, header: Any, claims: Any, key: bytes | None = None, digest: str = "sha256") -> str:
        """A token; `key` is for HMAC, without it the platform's own key signs."""
        parts = f"{encode(header)}.{encode(claims)}"
        if key is None:
            return f"{parts}.{encode(self.private.sign(parts.encode()))}"
        return f"{parts}.{encode(hmac.new(key, parts.encode(), digest).digest())}"

    def good(self, aud: str = "api") -> str:
        return self.sign(self.header(), self.claims(aud))

    def refused(self, token: str, surfaces: tuple[str, ...] = ("api", "git")) -> None:
        """Every surface refuses it in the same words, fast enough."""
        for surface in surfaces:
            began = time.monotonic()
            answer = self.present(token, surface)
            assert answer.status_code == 401, (surface, answer.text)
            assert time.monotonic() - began < 0.5
            if surface == "api":
                assert slug_of(answer) == "not-authenticated"
                assert answer.json()["detail"] == "the credential is missing, wrong, revoked or too old"

    def present(self, token: str, surface: str) -> httpx2.Response:
        if surface == "git":
            return fetch_git(self.api, "demo", token)
        with self.api.open(token) as client:
            return client.get("/api/v1/tenants/demo")

    def reasons(self) -> set[str]:
        return {line["reason"] for line in self.api.lines if line["event"] == "auth.reject"}


def encode(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def forge(running: ApiProcess) -> Forge:
    with running.open(running.token) as client:
        session = client.get("/api/v1/session").json()
    return Forge(running, session["user"]["id"], session["tenants"][0]["id"])


@pytest.mark.parametrize("surface", ["api", "git"])
def test_the_forge_works(forge: Forge, surface: str) -> None:
    assert forge.present(forge.good(AUDIENCES[surface]), surface).status_code == 200


def test_auth_01_no_algorithm(forge: Forge) -> None:
    for name in ("none", "None", "NONE", "nOnE"):
        for aud in ("api", "git"):
            parts = f"{encode({'alg': name, 'typ': 'JWT'})}.{encode(forge.claims(aud))}"
            forge.refused(parts + ".")
            forge.refused(f"{encode(forge.header(alg=name))}.{encode(forge.claims(aud))}.{encode(b'x' * 64)}")
    assert "alg" in forge.reasons()


def test_auth_02_hmac_with_the_public_key(forge: Forge) -> None:
    public = forge.private.public_key()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    keys = [
        public.public_bytes(serialization.Encoding.PEM, spki),
        public.public_bytes(serialization.Encoding.DER, spki),
        public.public_bytes_raw(),
        json.dumps({"kty": "OKP", "crv": "Ed25519", "x": encode(public.public_bytes_raw())}).encode(),
        b"",
        b"secret",
    ]
    for key in keys:
        for algorithm, digest in (("HS256", "sha256"), ("HS512", "sha512"), ("EdDSA", "sha512")):
            forge.refused(forge.sign(forge.header(alg=algorithm), forge.claims(), key, digest))


def test_auth_03_tampering(forge: Forge) -> None:
    token = forge.good()
    head, payload, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    other = encode(forge.claims(sub="00000000-0000-4000-8000-000000000000"))
    flipped = encode(bytes([raw[0] ^ 1]) + raw[1:])
    loose = signature[:-1] + chr(ord(signature[-1]) + 1)  # the same bytes, spelled otherwise
    for bad in (
        f"{head}.{payload}.{flipped}",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        f"{token}.{signature}",
        f"{token}==",
        f"{head}.{other}.{signature}",
        f"{head}.{payload}.{loose}",
        f"{head}.{payload}.{encode(raw[:32])}",
        f"{head}.{payload}.{encode(raw + b'x')}",
        f"{token} {token}",
    ):
        forge.refused(bad)
    answer = fetch_git(forge.api, "demo", forge.good("git") + "\n")
    assert answer.status_code == 401


def test_auth_04_key_ids_that_are_paths_and_queries(forge: Forge) -> None:
    for kid in ("../../../../dev/null", "x' UNION SELECT 'k'-- ", "A" * 10_000, ["a"], {"a": 1}, None, "", "\0", 7):
        answer = forge.present(forge.sign(forge.header(kid=kid), forge.claims(), b""), "api")
        assert answer.status_code == 401
        assert "SELECT" not in answer.text
        forge.refused(forge.sign(forge.header(kid=kid), forge.claims()))


def test_auth_06_critical_headers(forge: Forge) -> None:
    forge.refused(forge.sign(forge.header(crit=["paaks-x"]) | {"paaks-x": 1}, forge.claims()))
    forge.refused(forge.sign(forge.header(crit=[]), forge.claims()))
    forge.refused(forge.sign(forge.header(jwk={"kty": "OKP"}), forge.claims()))
    forge.refused(forge.sign(forge.header(b64=False), forge.claims()))


def test_auth_07_expiry(forge: Forge) -> None:
    now = int(time.time())
    for ends in (now - 61, now - 30, None, "9999999999", 1e300, True, [now + 60], -1):
        forge.refused(forge.sign(forge.header(), forge.claims(exp=ends)))
    for raw in ("NaN", "Infinity", "-Infinity", "1e999"):
        text = json.dumps(forge.claims()).replace(f'"exp": {forge.claims()["exp"]}', f'"exp": {raw}')
        if f'"exp": {raw}' in text:
            forge.refused(forge.sign(forge.header(), text.encode()))


def test_auth_08_not_yet_valid(forge: Forge) -> None:
    later = int(time.time()) + 600
    forge.refused(forge.sign(forge.header(), forge.claims(nbf=later)))
    forge.refused(forge.sign(forge.header(), forge.claims(iat=later)))


def test_auth_09_audiences_stay_apart(forge: Forge) -> None:
    forge.refused(forge.good("git"), ("api",))
    forge.refused(forge.good("app"), ("api", "git"))
    forge.refused(forge.good("api"), ("git",))
    for aud in (None, ["x"], ["api"], ["api", "git"], "", "API", "ap"):
        forge.refused(forge.sign(forge.header(), forge.claims() | {"aud": aud}))


def test_auth_10_issuers_that_are_nearly_ours(forge: Forge) -> None:
    ours = forge.issuer
    for issuer in (ours[:-1], ours[1:], ours + "x", "x" + ours, "", [ours], [ours, "x"], {ours: 1}, ours.upper(), None):
        forge.refused(forge.sign(forge.header(), forge.claims() | {"iss": issuer}))


def test_auth_22_credentials_that_are_bombs(forge: Forge, running: ApiProcess) -> None:
    spent = cpu_seconds(running)
    nested = b"[" * 100_000 + b"]" * 100_000
    forge.refused(forge.sign(forge.header(), b"[" * 5_000 + b"]" * 5_000))
    bomb = base64.urlsafe_b64encode(zlib.compress(b"A" * 1_000_000)).decode()
    jwe = f"{encode({'alg': 'dir', 'enc': 'A256GCM', 'zip': 'DEF'})}..{encode(b'iv')}.{bomb}.{encode(b'tag')}"
    forge.refused(jwe)
    with running.open() as client:
        for credential in ("A" * 2**20, forge.sign(forge.header(), nested)):
            try:
                answer = client.get("/api/v1/tenants/demo", headers={"Authorization": f"Bearer {credential}"})
            except httpx2.TransportError:
                continue  # cut off while it was still sending
            assert answer.status_code in (401, 431)
    assert running.status("/livez") == 200
    assert cpu_seconds(running) - spent < 1.0
    assert "RecursionError" not in running.log.read_text()


def test_a_platform_that_is_reached_by_nobody_else(people: People) -> None:
    """What a session mints is good where it says, and nowhere else."""
    slug = people.make_tenant()
    person = people.make_person(**{slug: "developer"})
    git, app = people.mint(person.client, "git", slug), people.mint(person.client, "app", slug)
    assert fetch_git(people.api, slug, git).status_code == 200
    assert fetch_git(people.api, "demo", git).status_code == 404
    assert fetch_git(people.api, slug, app).status_code == 401
    assert read_claims(app)["email"] == person.email, "the dispatcher knows no users"


def read_claims(token: str) -> dict[str, Any]:
    segment = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return claims


def cpu_seconds(api: ApiProcess) -> float:
    assert api.process is not None
    fields = Path(f"/proc/{api.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
