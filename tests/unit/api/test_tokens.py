"""The key ring: which keys sign, which are believed, how they come and go, and that nobody else can read them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from api.tokens import (
    KeyRing,
    TenantGrant,
    UnusableKeyError,
    hash_secret,
    make_personal_token,
    make_secret,
    write_secret,
)
from core.credentials import BadCredential, Claims, parse_personal_token, read_key_set, verify_access_token

LIFETIME = 900.0
NOW = 1_800_000_000.0


def make_ring(directory: Path, now: float = NOW) -> KeyRing:
    return KeyRing(directory / "keys", lifetime=LIFETIME, now=now)


def sign(ring: KeyRing, now: float = NOW, audience: str = "api", grant: TenantGrant | None = None) -> str:
    token, ends = ring.sign_access_token(
        user_id="u", session="s", audience=audience, scopes=["read"], now=now, grant=grant
    )
    assert ends == now + LIFETIME
    return token


def verify(ring: KeyRing, token: str, now: float = NOW, audience: str = "api") -> Claims:
    return verify_access_token(token, ring.public_keys, issuer=ring.issuer, audience=audience, now=now)


def test_what_is_signed_can_be_verified(tmp_path: Path) -> None:
    ring = make_ring(tmp_path)
    claims = verify(ring, sign(ring))
    git = verify(
        ring, sign(ring, audience="git", grant=TenantGrant("t", "demo", "viewer", "ana@example.org")), audience="git"
    )

    assert (claims.subject, claims.session, claims.scopes, claims.tenant) == ("u", "s", ("read",), None)
    assert (git.tenant, git.slug, git.role, git.email) == ("t", "demo", "viewer", "ana@example.org")


def test_everything_is_readable_by_us_alone(tmp_path: Path) -> None:
    make_ring(tmp_path)

    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    files = list((tmp_path / "keys").iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_restart_finds_the_same_keys(tmp_path: Path) -> None:
    first, second = make_ring(tmp_path), make_ring(tmp_path, NOW + 1)

    assert (first.issuer, first.jwks) == (second.issuer, second.jwks)
    assert verify(second, sign(first))
    assert first.make_csrf_token("s") == second.make_csrf_token("s") != second.make_csrf_token("t")
    assert first.derive_secret("a") == second.derive_secret("a") != second.derive_secret("b")


def test_after_a_rotation_both_keys_are_believed_and_the_new_one_signs(tmp_path: Path) -> None:
    ring = make_ring(tmp_path)
    old = sign(ring)
    kid = ring.rotate(NOW + 10)

    assert set(read_key_set(ring.jwks)) == set(ring.public_keys)
    assert ring.jwks[0]["kid"] == kid
    assert verify(ring, old)
    assert verify(ring, sign(ring))


def test_two_rotations_forget_the_first_key(tmp_path: Path) -> None:
    ring = make_ring(tmp_path)
    old = sign(ring)
    ring.rotate(NOW + 10)
    ring.rotate(NOW + 20)

    with pytest.raises(BadCredential):
        verify(ring, old)
    assert len(list((tmp_path / "keys").glob("signing-*"))) == 2


def test_a_key_that_is_put_there_or_removed_is_noticed(tmp_path: Path) -> None:
    ring, other = make_ring(tmp_path), make_ring(tmp_path, NOW)
    first = sign(ring)
    other.rotate(NOW + 10)
    ring.refresh()
    assert ring.jwks == other.jwks

    min((tmp_path / "keys").glob("signing-*")).unlink()
    ring.refresh()
    with pytest.raises(BadCredential):
        verify(ring, first)


def test_age_makes_a_new_key_and_then_removes_the_old_one(tmp_path: Path) -> None:
    ring = make_ring(tmp_path)
    old = sign(ring)
    ring.tend(NOW + 100, 3600)
    assert len(ring.public_keys) == 1
    ring.tend(NOW + 3601, 3600)
    assert len(ring.public_keys) == 2
    assert verify(ring, old)
    ring.tend(NOW + 3601 + LIFETIME, 3600)
    assert len(ring.public_keys) == 2
    ring.tend(NOW + 3601 + LIFETIME + 11, 3600)
    assert len(ring.public_keys) == 1


def test_a_clock_that_goes_back_does_not_bring_back_an_old_key(tmp_path: Path) -> None:
    ring = make_ring(tmp_path)
    kid = ring.rotate(NOW - 1_000_000)

    assert ring.jwks[0]["kid"] == kid


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", b"\xff"])
def test_a_file_that_is_no_key_refuses_the_start_and_is_named(tmp_path: Path, content: bytes) -> None:
    make_ring(tmp_path)
    (tmp_path / "keys" / "signing-999999999999999-bad.pem").write_bytes(content)

    with pytest.raises(UnusableKeyError, match=r"signing-999999999999999-bad\.pem"):
        make_ring(tmp_path)


def test_personal_tokens_are_well_formed_and_their_own() -> None:
    made = {make_personal_token() for _ in range(200)}

    assert len(made) == 200
    assert all(parse_personal_token(token) for token in made)
    assert not any(parse_personal_token(token[:-1] + ("A" if token[-1] != "A" else "B")) for token in made)


def test_secrets_have_256_bits_and_are_stored_as_hashes() -> None:
    assert len(make_secret()) == 43
    assert hash_secret("x") != hash_secret("y")
    assert len(hash_secret("x")) == 64


def test_a_secret_file_replaces_what_a_killed_writer_left(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    (tmp_path / ".secret.new").write_bytes(b"half")
    write_secret(path, b"whole")

    assert path.read_bytes() == b"whole"
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
