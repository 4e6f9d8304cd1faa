"""Passwords: made, hashed and compared with argon2id in a few threads, and how often one may be wrong.

The limits are counted in memory: a restart forgives, nobody is locked out for good. What does not live here: whose a
password is (`accounts.py`).
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Problem, Refused, RetryLater

PASSWORD_BYTES = 1024
SHORTEST = 10  # characters
_AT_ONCE = 2  # hashes at a time: 19 MiB each
_WAITING = 48  # further ones that may wait for their turn
_A_MOMENT = 1.0  # seconds, until attempts at the same time have ended
_ACCOUNTS = 6  # times as many failures for an address: several people may share it
_REMEMBERED = 10_000  # accounts and addresses that are counted at a time
T = TypeVar("T")


class TooManyAttempts(Refused):
    """The next attempt has to wait for `delay` seconds."""

    def __init__(self, delay: float) -> None:
        super().__init__(Problem("rate-limited", "too many failed logins"))
        self.delay = delay


def make_password() -> str:
    """A random password of 120 bits."""
    return secrets.token_urlsafe(15)


def check_new_password(password: str) -> None:
    """Raises Refused for a password that nobody should have."""
    if len(password) < SHORTEST or len(password.encode()) > PASSWORD_BYTES:
        detail = f"a password has at least {SHORTEST} characters and at most {PASSWORD_BYTES} bytes"
        raise Refused(Problem("bad-request", f"password: {detail}"))


class Passwords:
    """argon2id with OWASP's parameters, off the event loop; memory is bounded by two hashes at a time."""

    def __init__(self, passes: int = 2, kibibytes: int = 19456) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=kibibytes, parallelism=1)
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._nobody: str | None = None

    def close(self) -> None:
        """Ends the threads when they are done."""
        self._threads.shutdown(wait=False)

    async def hash(self, password: str) -> str:
        """The PHC string that is stored. Raises RetryLater where too many are waiting."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Is it the password? It takes as long where there is no account (`stored` is None)."""
        if stored is None:
            self._nobody = self._nobody or await self.hash(make_password())
        right = await self._run(lambda: self._compare(stored or self._nobody or "", password))
        return right and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Was it hashed with other parameters than today's?"""
        return self._hasher.check_needs_rehash(stored)

    def _compare(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING:
            raise RetryLater("too many logins at once", delay=2.0)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


@dataclass
class _Tally:
    """What counts against one key: when its failures were, and until when it is delayed."""

    failures: dict[str, float] = field(default_factory=dict)
    count: int = 0
    last: float = 0.0
    until: float = 0.0


class LoginLimits:
    """At most `failures` in `window` seconds for an account, six times as many for an address; then delays that double.

    An address is charged once for each account that it fails for: the account's own limit does the rest, and one
    person's typing mistakes do not shut out the others behind the same address. "" is an address that says nothing
    of who is there, and is not charged. Attempts during a delay do not count.
    """

    def __init__(self, failures: int, window: float, first: float, longest: float) -> None:
        self._allowed, self._window, self._first, self._longest = failures, window, first, longest
        self._tallies: OrderedDict[str, _Tally] = OrderedDict()
        self._numbers = itertools.count()
        self._flying: Counter[str] = Counter()

    def remaining(self, account: str, address: str, now: float) -> float:
        """How many seconds the next attempt has to wait; 0 where it may be made now."""
        untils = [self._tallies[key].until for key in _keys(account, address) if key in self._tallies]
        return max([0.0, *(until - now for until in untils)])

    @contextmanager
    def attempt(self, account: str, address: str, now: float) -> Iterator[None]:
        """One attempt; those at the same time count as if they had failed. Raises TooManyAttempts."""
        delay = self.remaining(account, address, now)
        if delay <= 0 and self._flying[account] + self._recent(account, now) >= self._allowed and self._flying[account]:
            delay = _A_MOMENT
        if delay > 0:
            raise TooManyAttempts(delay)
        self._flying[account] += 1
        try:
            yield
        finally:
            self._flying[account] -= 1
            if not self._flying[account]:
                del self._flying[account]

    def _recent(self, account: str, now: float) -> int:
        tally = self._tallies.get(f"account {account}")
        return sum(1 for at in tally.failures.values() if now - at <= self._window) if tally else 0

    def fail(self, account: str, address: str, now: float) -> None:
        """A wrong password."""
        of_account, of_address = _keys(account, address)
        self._charge(of_account, str(next(self._numbers)), now, self._allowed)
        if address:
            self._charge(of_address, account, now, self._allowed * _ACCOUNTS)

    def succeed(self, account: str) -> None:
        """A right one: the account's failures are forgotten, the address's are not."""
        self._tallies.pop(f"account {account}", None)

    def _charge(self, key: str, reason: str, now: float, allowed: int) -> None:
        tally = self._tallies.pop(key, None) or _Tally()
        self._tallies[key] = tally  # the newest last: what is forgotten first when there are too many
        while len(self._tallies) > _REMEMBERED:
            self._tallies.popitem(last=False)
        if now - max(tally.last, tally.until) > self._window:
            tally.failures, tally.count = {}, 0
        tally.failures = {why: at for why, at in tally.failures.items() if now - at <= self._window}
        if reason in tally.failures:
            return
        tally.failures[reason], tally.last = now, now
        if len(tally.failures) >= allowed:
            tally.until = now + min(self._longest, self._first * 2**tally.count)
            tally.count += 1


def _keys(account: str, address: str) -> tuple[str, str]:
    return f"account {account}", f"address {address}"
