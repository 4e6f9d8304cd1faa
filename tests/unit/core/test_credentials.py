"""Only what a key of ours signed is believed (notes/security.md §4.2, at the verifier)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from core import credentials
from core.credentials import BadCredential, Claims

NOW = 1_800_000_000.0
ISSUER = "paaks:0b5c"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEYS = {"k1": PRIVATE.public_key()}
HEADER = {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"}
CLAIMS = {
    "iss": ISSUER,
    "aud": "api",
    "sub": "u-1",
    "sid": "s-1",
    "iat": NOW - 60,
    "nbf": NOW - 60,
    "exp": NOW + 840,
    "scopes": ["read", "write"],
}


def encode(value: object) -> str:
    """JSON (or bytes as they are) in base64url."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(claims: object = CLAIMS, header: object = HEADER, key: Ed25519PrivateKey = PRIVATE) -> str:
    """A token with a good signature over whatever is in it."""
    body = f"{encode(header)}.{encode(claims)}"
    return f"{body}.{encode(key.sign(body.encode()))}"


def verify(token: str, audience: str = "api", now: float = NOW) -> Claims:
    """Verify as every surface does."""
    return credentials.verify_access_token(token, KEYS, issuer=ISSUER, audience=audience, now=now)


def refuse(token: str, audience: str = "api", now: float = NOW) -> str:
    """The reason for which a token is not believed."""
    with pytest.raises(BadCredential) as caught:
        verify(token, audience, now)
    return caught.value.reason


def but(**changes: object) -> dict[str, object]:
    """The good claims with changes; None takes a claim away."""
    return {name: value for name, value in (CLAIMS | changes).items() if value is not None}


def test_a_good_token_is_believed() -> None:
    assert verify(sign()) == Claims("u-1", "s-1", "api", NOW - 60, NOW + 840, ("read", "write"))


@pytest.mark.parametrize("audience", ["app", "git"])
def test_a_good_token_for_one_tenant_is_believed(audience: str) -> None:
    claims = verify(sign(but(aud=audience, ten="t-1", slug="demo", role="developer", email="a@x")), audience)

    assert (claims.tenant, claims.slug, claims.role, claims.email) == ("t-1", "demo", "developer", "a@x")


@pytest.mark.parametrize("missing", ["ten", "slug", "role", "email"])
def test_a_token_for_visitors_or_git_must_name_its_tenant(missing: str) -> None:
    members = {"ten": "t-1", "slug": "demo", "role": "viewer", "email": "a@x"}
    del members[missing]

    assert refuse(sign(but(aud="app", **members)), "app") == missing


def test_an_api_token_carries_no_tenant() -> None:
    assert verify(sign(but(ten="t-1", slug="demo", role="admin"))).tenant is None


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", None, 1, ["EdDSA"], "eddsa", "Ed25519"])
def test_auth_01_no_algorithm_is_refused(algorithm: object) -> None:
    header = {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    body = f"{encode(header)}.{encode(CLAIMS)}"

    assert refuse(body + ".") == "form"
    assert refuse(body + ".AA") == "alg"
    assert refuse(sign(header=header)) == "alg"


@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "EdDSA"])
@pytest.mark.parametrize("form", ["pem", "der", "raw", "jwk", "empty", "secret"])
def test_auth_02_a_hmac_with_the_public_key_is_refused(algorithm: str, form: str) -> None:
    public = PRIVATE.public_key()
    encodings, spki = serialization.Encoding, serialization.PublicFormat.SubjectPublicKeyInfo
    secret = {
        "pem": public.public_bytes(encodings.PEM, spki),
        "der": public.public_bytes(encodings.DER, spki),
        "raw": public.public_bytes_raw(),
        "jwk": json.dumps(credentials.write_jwk("k1", public)).encode(),
        "empty": b"",
        "secret": b"secret",
    }[form]
    body = f"{encode(HEADER | {'alg': algorithm})}.{encode(CLAIMS)}"
    digest = hmac.new(secret, body.encode(), hashlib.sha256 if algorithm != "HS512" else hashlib.sha512).digest()

    assert refuse(f"{body}.{encode(digest)}") in ("alg", "signature")


def test_auth_03_every_flipped_bit_of_the_signature_is_refused() -> None:
    body, _, signature = sign().rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert refuse(f"{body}.{encode(bytes(flipped))}") == "signature"


def test_auth_03_another_form_of_the_same_token_is_refused() -> None:
    token = sign()
    header, payload, signature = token.split(".")
    for other in (
        *(
            f"{header}.{payload}",
            f"{header}.{payload}.",
            f"{token}.{signature}",
            f"{token}\n",
            f"{token}=",
            f" {token}",
        ),
        *(f"{header}=.{payload}.{signature}", f"{header}.{payload}=.{signature}", token + "\0", f"Bearer {token}"),
        *(token.replace(".", "\uff0e"), f"{header}..{payload}.{signature}", token.swapcase()),
    ):
        assert refuse(other) in ("form", "header", "signature")


def test_auth_03_a_signature_has_one_spelling() -> None:
    """The last character of 64 bytes in base64url holds 4 unused bits: other characters decode to the same bytes."""
    token = sign()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = [c for c in alphabet if _is_believed(token[:-1] + c)]

    assert accepted == [token[-1]]


def _is_believed(token: str) -> bool:
    try:
        verify(token)
    except BadCredential:
        return False
    return True


def test_auth_03_the_payload_of_another_token_is_refused() -> None:
    header, _, signature = sign().split(".")

    assert refuse(f"{header}.{encode(but(sub='root'))}.{signature}") == "signature"


def test_a_key_that_is_not_ours_is_refused() -> None:
    assert refuse(sign(key=OTHER)) == "signature"


@pytest.mark.parametrize("kid", ["../../../../dev/null", "x' UNION SELECT 'k'-- ", "", "K1", "k1\0", "__class__"])
def test_auth_04_a_key_id_is_only_looked_up(kid: str) -> None:
    assert refuse(sign(header=HEADER | {"kid": kid})) == "kid"


@pytest.mark.parametrize("kid", [["k1"], {"k1": 1}, 1, None, True, 1.5])
def test_auth_04_a_key_id_that_is_no_text_is_refused(kid: object) -> None:
    assert refuse(sign(header=HEADER | {"kid": kid})) == "header"


def test_auth_04_a_long_key_id_is_refused_by_its_size() -> None:
    assert refuse(sign(header=HEADER | {"kid": "A" * 10_000})) == "kid"
    assert refuse(sign(header=HEADER | {"kid": "A" * 20_000})) == "size"


@pytest.mark.parametrize(
    "members",
    [
        {"crit": ["paaks-x"], "paaks-x": 1},
        {"crit": []},
        {"jwk": {"kty": "OKP"}},
        {"jku": "http://evil.example/keys"},
        {"x5u": "http://evil.example"},
        {"zip": "DEF"},
        {"b64": False, "crit": ["b64"]},
        {"cty": "JWT"},
    ],
)
def test_auth_06_a_header_with_more_than_ours_is_refused(members: dict[str, object]) -> None:
    assert refuse(sign(header=HEADER | members)) == "header"


@pytest.mark.parametrize("typ", ["JWT", "at+JWT", "application/at+jwt", None, 1])
def test_another_type_is_refused(typ: object) -> None:
    assert refuse(sign(header=HEADER | {"typ": typ})) == "typ"


def test_a_header_with_a_member_twice_is_refused() -> None:
    header = b'{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"k1"}'

    assert refuse(sign(header=header)) == "header"
    assert refuse(sign(claims=json.dumps(CLAIMS).replace("{", '{"sub":"root",', 1).encode())) == "claims"


@pytest.mark.parametrize("expiry", [NOW - 61, NOW - 30, NOW - 10.5, NOW - credentials.LEEWAY, 0, -1])
def test_auth_07_an_expired_token_is_refused(expiry: float) -> None:
    assert refuse(sign(but(exp=expiry))) == "expired"


def test_auth_07_the_leeway_is_ten_seconds() -> None:
    assert verify(sign(but(exp=NOW - 9))).expires_at == NOW - 9
    assert verify(sign(but(exp=NOW + 100)), now=NOW + 109).subject == "u-1"
    assert refuse(sign(but(exp=NOW + 100)), now=NOW + 110) == "expired"


@pytest.mark.parametrize("expiry", [None, "9999999999", [1], {"a": 1}, True, 10**400])
def test_auth_07_an_expiry_that_is_no_number_is_refused(expiry: object) -> None:
    assert refuse(sign(but(exp=expiry))) == "exp"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("1e300", "lifetime"), ("1e999", "exp"), ("NaN", "claims"), ("Infinity", "claims"), ("9" * 5000, "claims")],
)
def test_auth_07_an_expiry_that_is_no_time_is_refused(text: str, reason: str) -> None:
    claims = json.dumps(but(exp=0)).replace('"exp": 0', f'"exp": {text}')

    assert refuse(sign(claims.encode())) == reason


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_auth_08_a_token_from_the_future_is_refused(name: str) -> None:
    assert refuse(sign(but(**{name: NOW + 600}))) == "not yet valid"
    assert refuse(sign(but(**{name: NOW + 11}))) == "not yet valid"
    assert verify(sign(but(**{name: NOW + 9}))).subject == "u-1"
    assert refuse(sign(but(**{name: None}))) == name


def test_auth_08_a_token_that_lives_for_long_is_refused() -> None:
    assert refuse(sign(but(exp=NOW + 3600))) == "lifetime"
    assert verify(sign(but(exp=NOW + 3540))).expires_at == NOW + 3540


@pytest.mark.parametrize("audience", ["git", "app", None, ["api"], ["x"], "", "API", {"api": 1}, True])
def test_auth_09_a_token_for_another_surface_is_refused(audience: object) -> None:
    assert refuse(sign(but(aud=audience, ten="t", slug="s", role="r"))) == "aud"


def test_auth_09_a_surface_that_is_none_accepts_nothing() -> None:
    assert refuse(sign(but(aud="x")), "x") == "aud"


@pytest.mark.parametrize(
    "issuer", [ISSUER[:-1], ISSUER[1:], ISSUER + "x", "x" + ISSUER, "", None, [ISSUER], ISSUER.upper()]
)
def test_auth_10_a_token_of_another_installation_is_refused(issuer: object) -> None:
    assert refuse(sign(but(iss=issuer))) == "iss"


@pytest.mark.parametrize("scopes", [None, "read", ["root"], [["read"]], [1], {"read": 1}, ["read", None], [{"a": 1}]])
def test_scopes_are_a_list_of_ours(scopes: object) -> None:
    assert refuse(sign(but(scopes=scopes))) == "scopes"


@pytest.mark.parametrize("value", [None, "", 1, ["u"], True])
@pytest.mark.parametrize("name", ["sub", "sid"])
def test_subject_and_session_are_texts(name: str, value: object) -> None:
    assert refuse(sign(but(**{name: value}))) == name


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", b"null", b'"x"', b"{", b"\xff", b"[" * 8000, b'{"a":' * 2000])
def test_auth_22_a_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    body = f"{encode(HEADER)}.{encode(payload)}"

    assert refuse(f"{body}.{encode(PRIVATE.sign(body.encode()))}") in ("claims", "form")
    assert refuse(sign(header=payload)) in ("header", "form")


# -- arbitrary text -------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
SEGMENTS = JSON.map(encode) | st.binary(max_size=40).map(encode) | st.text("abAB09-_=. \n", max_size=12)


def assert_only_bad_credential(token: str, keys: Mapping[str, Any] = KEYS) -> None:
    """Neither believed nor another exception."""
    with pytest.raises(BadCredential):
        credentials.verify_access_token(token, keys, issuer=ISSUER, audience="api", now=NOW)


@given(st.text(max_size=200))
@example("\ud800.\ud800.\ud800")
@example("a.b.c")
def test_any_text_is_only_a_bad_credential(text: str) -> None:
    assert_only_bad_credential(text)
    assert not credentials.looks_like_access_token(text) or text.count(".") == 2


@given(st.lists(SEGMENTS, min_size=3, max_size=3).map(".".join))
def test_any_compact_text_is_only_a_bad_credential(text: str) -> None:
    assert_only_bad_credential(text)


@given(st.dictionaries(st.sampled_from([*HEADER, "crit", "x"]), JSON).map(lambda more: HEADER | more), JSON)
def test_any_signed_header_is_ours_or_a_bad_credential(header: dict[str, object], claims: object) -> None:
    assert_only_bad_credential(sign(claims if claims != CLAIMS else {}, header))


@given(st.dictionaries(st.sampled_from([*CLAIMS, "ten", "x"]), JSON))
def test_any_signed_claims_are_right_or_a_bad_credential(changes: dict[str, object]) -> None:
    token = sign(CLAIMS | changes)
    try:
        claims = verify(token)
    except BadCredential:
        return
    assert claims.audience == "api"
    assert claims.subject
    assert math.isfinite(claims.expires_at)
    assert set(claims.scopes) <= set(credentials.SCOPES)


@given(st.integers(0, 400), st.characters())
def test_any_changed_character_is_a_bad_credential(place: int, character: str) -> None:
    token = sign()
    changed = token[: place % len(token)] + character + token[place % len(token) + 1 :]

    if changed != token:
        assert_only_bad_credential(changed)


# -- key sets and personal tokens -----------------------------------------------------------------------------------


def test_a_key_set_goes_out_and_comes_back() -> None:
    written = [credentials.write_jwk("k1", PRIVATE.public_key()), credentials.write_jwk("k2", OTHER.public_key())]
    keys = credentials.read_key_set(json.loads(json.dumps(written)))

    assert list(keys) == ["k1", "k2"]
    assert keys["k2"].public_bytes_raw() == OTHER.public_key().public_bytes_raw()
    assert credentials.verify_access_token(sign(), keys, issuer=ISSUER, audience="api", now=NOW).subject == "u-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "RSA"},
        {"crv": "X25519"},
        {"x": "AA"},
        {"x": None},
        {"x": "!" * 43},
        {"x": ""},
        {"kid": None},
        {"kid": 7},
    ],
)
def test_a_key_that_is_none_is_refused(changes: dict[str, object]) -> None:
    jwk = credentials.write_jwk("k1", PRIVATE.public_key()) | changes

    with pytest.raises(BadCredential):
        credentials.read_key_set([jwk])


BODIES = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", min_size=30, max_size=30)


@given(BODIES, st.integers(0, 45), st.sampled_from("0Az9-_ \n."))
def test_a_personal_token_is_recognised_and_a_slip_is_not(body: str, place: int, character: str) -> None:
    token = credentials.write_personal_token(body)
    changed = token[:place] + character + token[place + 1 :]

    assert credentials.parse_personal_token(token)
    assert not credentials.looks_like_access_token(token)
    assert credentials.parse_personal_token(changed) == (changed == token)
    assert credentials.hash_personal_token(token) == hashlib.sha256(token.encode()).hexdigest()


@given(st.text(max_size=60))
@example("paaks_pat_")
@example("\ud800")
def test_any_text_is_no_personal_token(text: str) -> None:
    assert not credentials.parse_personal_token(text)
