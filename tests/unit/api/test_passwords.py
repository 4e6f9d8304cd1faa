"""Passwords: how they are made and hashed, and that limits delay without ever locking anybody out."""

from __future__ import annotations

import asyncio

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from api.passwords import LoginLimits, Passwords, TooManyAttempts, check_new_password, make_password
from core.errors import Refused, RetryLater

ALLOWED, WINDOW, FIRST, LONGEST = 5, 300.0, 30.0, 600.0
HERE = "192.0.2.1"


def make_limits() -> LoginLimits:
    return LoginLimits(ALLOWED, WINDOW, FIRST, LONGEST)


def fail(limits: LoginLimits, times: int, account: str = "a", address: str = HERE, now: float = 0.0) -> None:
    for _ in range(times):
        limits.fail(account, address, now)


# -- limits


def test_the_fifth_failure_delays_the_account_and_nobody_else() -> None:
    limits = make_limits()
    fail(limits, ALLOWED - 1)
    assert limits.remaining("a", HERE, 0.0) == 0.0
    fail(limits, 1)

    assert limits.remaining("a", HERE, 0.0) == FIRST
    assert limits.remaining("a", "198.51.100.7", 0.0) == FIRST
    assert limits.remaining("b", HERE, 0.0) == 0.0


def test_delays_double_up_to_a_limit() -> None:
    limits, now, delays = make_limits(), 0.0, []
    fail(limits, ALLOWED)
    while len(delays) < 12:
        delay = limits.remaining("a", HERE, now)
        delays += [delay] if delay else []
        now += delay
        fail(limits, 1, now=now)

    assert delays[:6] == [30.0, 60.0, 120.0, 240.0, 480.0, 600.0]
    assert set(delays[6:]) == {LONGEST}


def test_success_forgives_the_account() -> None:
    limits = make_limits()
    fail(limits, ALLOWED)
    limits.succeed("a")

    assert limits.remaining("a", HERE, 0.0) == 0.0


def test_an_address_is_delayed_after_many_accounts() -> None:
    limits = make_limits()
    for number in range(ALLOWED * 6):
        fail(limits, 1, account=str(number))

    assert limits.remaining("somebody else", HERE, 0.0) == FIRST
    assert limits.remaining("somebody else", "198.51.100.7", 0.0) == 0.0


def test_an_address_that_says_nothing_is_never_delayed() -> None:
    limits = make_limits()
    for number in range(1000):
        fail(limits, 1, account=str(number), address="")

    assert limits.remaining("somebody else", "", 0.0) == 0.0


@given(st.lists(st.tuples(st.floats(0, 400), st.sampled_from("ab"), st.booleans()), max_size=60))
def test_nobody_is_locked_out_for_good(steps: list[tuple[float, str, bool]]) -> None:
    limits, now = make_limits(), 0.0
    for pause, account, right in steps:
        now += pause
        remaining = limits.remaining(account, HERE, now)
        assert 0.0 <= remaining <= LONGEST
        if remaining == 0.0:
            if right:
                limits.succeed(account)
            else:
                limits.fail(account, HERE, now)

    assert limits.remaining("a", HERE, now + LONGEST) == 0.0


def test_what_is_remembered_is_bounded() -> None:
    limits = make_limits()
    for number in range(20_000):
        limits.fail(f"account-{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)

    assert len(limits._tallies) <= 10_000


def test_attempts_at_the_same_time_count_as_failures() -> None:
    limits = make_limits()
    fail(limits, 3)
    with limits.attempt("a", HERE, 0.0), limits.attempt("a", HERE, 0.0):
        with pytest.raises(TooManyAttempts) as caught, limits.attempt("a", HERE, 0.0):
            pass
        assert caught.value.delay == 1.0
        with limits.attempt("b", HERE, 0.0):
            pass
    with limits.attempt("a", HERE, 0.0):
        pass


# -- hashes


async def test_a_hash_is_salted_and_verifies() -> None:
    passwords = Passwords()
    first, second = await passwords.hash("correct horse"), await passwords.hash("correct horse")

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert await passwords.verify(first, "correct horse")
    assert not await passwords.verify(first, "correct hors")
    assert not await passwords.verify("$2b$12$R9h/cIPz0gi.URNNX3kh2O", "correct horse")
    assert not await passwords.verify(None, "correct horse")
    assert not passwords.needs_rehash(first)
    assert passwords.needs_rehash(PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("x"))
    passwords.close()


async def test_too_many_at_once_are_asked_to_come_back() -> None:
    passwords = Passwords(passes=1, kibibytes=64)  # what one hash costs is not asked here
    outcomes = await asyncio.gather(*(passwords.verify(None, "x") for _ in range(80)), return_exceptions=True)
    passwords.close()

    assert {type(outcome) for outcome in outcomes} == {bool, RetryLater}


@pytest.mark.parametrize("password", ["", "short", "x" * 9, "x" * 1025, "é" * 600])
def test_passwords_that_nobody_should_have(password: str) -> None:
    with pytest.raises(Refused):
        check_new_password(password)


def test_a_password_that_is_made_is_long_and_its_own() -> None:
    made = {make_password() for _ in range(100)}

    assert len(made) == 100
    for password in made:
        check_new_password(password)
