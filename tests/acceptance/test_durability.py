"""Nothing acknowledged is lost, the last live revision serves: many writers at once, kills, restarts, broken tips."""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Callable

import httpx2
from tested_platform import PARTS, Clone, Platform

ROUNDS = 10 if os.environ.get("SOAK") else 1
PATIENCE = 900.0  # seconds in which every push of a test has landed
PUBLIC = "public: true\n"


def handler(answer: str) -> str:
    return f"class Handler:\n    def run(self, req):\n        return {answer!r}\n"


def push_service(clone: Clone, name: str, answer: str) -> str:
    commit = clone.commit({f"{name}/service.yaml": PUBLIC, f"{name}/handler.py": handler(answer)})
    clone.push()
    return commit


def wait_for_answer(platform: Platform, service: str, text: str, seconds: float = 30.0) -> httpx2.Response:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx2.HTTPError):
            answer = platform.visit_public(service)
            if answer.text == text:
                return answer
        assert time.monotonic() < deadline, platform.describe()
        time.sleep(0.02)


def fsck(platform: Platform) -> str:
    done = platform.run_git("fsck", "--strict", "--no-dangling")
    return done.stdout + done.stderr


def main_history(platform: Platform) -> set[str]:
    return set(platform.run_git("rev-list", "main").stdout.split())


class Writers:
    """Threads that write until their rounds are over; what was acknowledged to them, and what went wrong."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.failures: list[str] = []
        self._threads: list[threading.Thread] = []

    def start(self, write: Callable[[int], str | None], rounds: int) -> None:
        def run() -> None:
            for number in range(rounds):
                try:
                    commit = write(number)
                except Exception as error:  # noqa: BLE001 - shown by the test
                    self.failures.append(repr(error))
                    return
                if commit is not None:
                    self.acknowledged.append(commit)

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


def pusher(clone: Clone, name: str) -> Callable[[int], str | None]:
    """Pushes its own service, fetching and rebasing like a person when it comes second."""
    deadline = time.monotonic() + PATIENCE

    def write(number: int) -> str:
        clone.commit({f"{name}/service.yaml": PUBLIC, f"{name}/handler.py": handler(f"{name} {number}")})
        # Who saves without a pause always comes first: what is asked of a push is that it lands once they are done.
        while time.monotonic() < deadline:
            pushed = clone.push("-o", "no-wait", "origin", "main", check=False)
            if pushed.returncode == 0:
                return clone.head()
            assert any(word in pushed.stderr for word in ("fetch first", "non-fast-forward", "failed to update ref")), (
                pushed.stderr
            )
            clone.git("fetch", "-q", "origin")
            clone.git("rebase", "-q", "origin/main")
        raise AssertionError("a push never came first")

    return write


def saver(platform: Platform, name: str) -> Callable[[int], str | None]:
    """Saves its own service's file again and again, strictly."""
    path = f"/api/v1/tenants/{platform.slug}/services/{name}/files/handler.py"

    def write(number: int) -> str:
        with platform.client() as client:
            there = client.get(path)
            condition = {"If-Match": there.headers["ETag"]} if there.status_code == 200 else {"If-None-Match": "*"}
            saved = client.put(path, content=handler(f"{name} {number}"), headers=condition)
            assert saved.status_code in (200, 201), saved.text
            return str(saved.json()["commit"]["sha"])

    return write


def test_pushers_savers_and_rollbacks_at_once_lose_nothing(fresh_platform: Platform) -> None:
    platform, writers, rounds = fresh_platform, Writers(), 4 * ROUNDS
    first = platform.clone()
    for number in range(4):
        first.write({f"saved-{number}/service.yaml": PUBLIC, f"saved-{number}/handler.py": handler("first")})
    first.commit({"hello/handler.py": handler("a")})
    first.push()
    first.commit({"hello/handler.py": handler("b")})
    first.push()

    def roll_back(_: int) -> str:
        with platform.client() as client:
            done = client.post(
                f"/api/v1/tenants/{platform.slug}/services/hello/rollback", json={}, headers={"Prefer": "wait=30"}
            )
            assert done.status_code == 200, done.text
            return str(done.json()["commit"]["sha"])

    for number in range(4):
        writers.start(pusher(platform.clone(), f"pushed-{number}"), rounds)
        writers.start(saver(platform, f"saved-{number}"), rounds)
    writers.start(roll_back, rounds)
    writers.join()

    assert writers.failures == []
    assert len(set(writers.acknowledged)) == 9 * rounds
    assert set(writers.acknowledged) <= main_history(platform)
    assert fsck(platform) == ""
    for number in range(4):
        wait_for_answer(platform, f"pushed-{number}", f"pushed-{number} {rounds - 1}")
        wait_for_answer(platform, f"saved-{number}", f"saved-{number} {rounds - 1}")


def test_kill_9_of_everything_during_pushes_loses_nothing_acknowledged(fresh_platform: Platform) -> None:
    platform, chance = fresh_platform, random.Random(4)
    clone, acknowledged = platform.clone(), []
    number = 0
    for _ in range(3 * ROUNDS):
        stop = threading.Event()

        def push(stop: threading.Event = stop) -> None:
            nonlocal number
            while not stop.is_set():
                number += 1
                commit = clone.commit({"hello/handler.py": handler(f"n{number}")})
                if clone.push("-o", "no-wait", "origin", "main", check=False).returncode == 0:
                    acknowledged.append((commit, f"n{number}"))

        pushing = threading.Thread(target=push)
        pushing.start()
        time.sleep(chance.uniform(0.1, 1.0))  # the moment of the kill is the test's random input
        platform.kill_all()
        stop.set()
        pushing.join()
        platform.start()
        history = main_history(platform)
        assert {commit for commit, _ in acknowledged} <= history
        assert fsck(platform) == ""
        tip = clone.git("ls-remote", "origin", "refs/heads/main").stdout.split()[0]
        clone.git("fetch", "-q", "origin")
        clone.git("reset", "-q", "--hard", "origin/main")
        assert clone.head() == tip
        wait_for_answer(platform, "hello", _answer_of(clone))
    assert acknowledged


def _answer_of(clone: Clone) -> str:
    scope: dict[str, object] = {}
    exec((clone.path / "hello/handler.py").read_text(), scope)
    answer = scope["Handler"]().run(type("Request", (), {"args": {}})())  # type: ignore[operator]
    return str(answer)


def test_a_tip_that_cannot_start_leaves_the_last_live_revision_also_after_a_restart(
    fresh_platform: Platform,
) -> None:
    platform = fresh_platform
    clone = platform.clone()
    good = push_service(clone, "shop", "good")
    broken = clone.commit({"shop/handler.py": "raise RuntimeError('no stock')\n"})
    pushed = clone.push()
    assert "RuntimeError: no stock" in pushed.stderr
    assert wait_for_answer(platform, "shop", "good").headers["PaaKS-Revision"] == good

    for kill in (False, True):
        platform.restart(kill=kill)
        answer = wait_for_answer(platform, "shop", "good")
        assert answer.headers["PaaKS-Revision"] == good
        _wait_for_release(platform, f"shop@{broken}", "failed", "no stock")

    fixed = push_service(clone, "shop", "mended")
    assert wait_for_answer(platform, "shop", "mended").headers["PaaKS-Revision"] == fixed


def _wait_for_release(platform: Platform, identity: str, state: str, words: str) -> None:
    deadline = time.monotonic() + 30
    with platform.client() as client:
        while True:
            answer = client.get(f"/api/v1/tenants/{platform.slug}/releases/{identity}")
            release = answer.json()
            if release.get("state") == state and words in (release.get("message") or ""):
                return
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.05)


def test_services_answer_while_api_and_controller_are_dead(fresh_platform: Platform) -> None:
    platform = fresh_platform
    clone = platform.clone()
    push_service(clone, "shop", "open")
    with platform.pause("api", "controller"):
        for _ in range(20):
            assert platform.visit_public("shop").text == "open"
            assert platform.visit("shop/", platform.token).text == "open"


def test_requests_are_held_while_a_part_is_away(fresh_platform: Platform) -> None:
    platform = fresh_platform
    push_service(platform.clone(), "shop", "open")
    for part in PARTS:
        platform.kill(part)
        if part == "dispatcher":
            wait_for_answer(platform, "shop", "open")
            continue
        answer = platform.visit_public("shop")
        assert (answer.status_code, answer.text) == (200, "open"), part


def test_a_commit_made_while_the_controller_is_dead_goes_live_when_it_is_back(
    fresh_platform: Platform,
) -> None:
    platform = fresh_platform
    clone = platform.clone()
    push_service(clone, "shop", "one")
    platform.kill("controller")
    clone.commit({"shop/handler.py": handler("two")})
    clone.push("-o", "no-wait", "origin", "main")
    wait_for_answer(platform, "shop", "two")


def test_a_commit_that_moved_behind_our_back_goes_live(fresh_platform: Platform) -> None:
    platform = fresh_platform
    clone = platform.clone()
    push_service(clone, "shop", "one")
    commit = clone.commit({"shop/handler.py": handler("two")})
    clone.push("origin", "HEAD:refs/heads/aside")
    platform.run_git("update-ref", "refs/heads/main", commit)
    wait_for_answer(platform, "shop", "two")


def test_the_latest_commit_wins_and_an_older_one_never_comes_back(fresh_platform: Platform) -> None:
    platform = fresh_platform
    clone = platform.clone()
    push_service(clone, "shop", "0")
    seen: list[str] = []
    stop = threading.Event()

    def watch() -> None:
        with httpx2.Client(base_url=platform.dispatcher) as client:
            while not stop.is_set():
                seen.append(client.get(f"/~{platform.slug}/shop/").text)

    watching = threading.Thread(target=watch)
    watching.start()
    for number in range(1, 13):
        slow = "import time\ntime.sleep(0.3)\n" if number % 3 == 0 else ""
        clone.commit({"shop/handler.py": slow + handler(str(number))})
        clone.push("-o", "no-wait", "origin", "main")
    wait_for_answer(platform, "shop", "12")
    stop.set()
    watching.join()
    numbers = [int(text) for text in seen]
    assert numbers == sorted(numbers)


def test_deploys_under_load_fail_no_request(fresh_platform: Platform) -> None:
    platform = fresh_platform
    clone = platform.clone()
    push_service(clone, "shop", "0")
    stop, statuses = threading.Event(), list[int]()

    def visit() -> None:
        with httpx2.Client(base_url=platform.dispatcher, timeout=30) as client:
            while not stop.is_set():
                statuses.append(client.get(f"/~{platform.slug}/shop/").status_code)

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    for number in range(1, 10 * ROUNDS + 1):
        code = "raise SystemExit(3)\n" if number % 5 == 0 else handler(str(number))
        clone.commit({"shop/handler.py": code})
        clone.push()
    stop.set()
    for visitor in visitors:
        visitor.join()
    assert set(statuses) == {200}


def test_an_unchanged_directory_costs_nothing(fresh_platform: Platform) -> None:
    platform = fresh_platform
    clone = platform.clone()
    push_service(clone, "shop", "open")
    process = clone.commit({"pid/service.yaml": PUBLIC, "pid/handler.py": PID})
    clone.push()
    before = platform.wait_for("pid", process).text
    for number in range(5):
        clone.commit({"shop/handler.py": handler(str(number)), "README.md": str(number)})
        clone.push()
    answer = platform.visit_public("pid")
    assert (answer.text, answer.headers["PaaKS-Revision"]) == (before, process)


PID = "import os\n\n\nclass Handler:\n    def run(self, req):\n        return str(os.getpid())\n"


def test_rollback_twice_returns_as_two_commits_each_live(fresh_platform: Platform) -> None:
    platform = fresh_platform
    clone = platform.clone()
    push_service(clone, "shop", "one")
    second = push_service(clone, "shop", "two")
    answers = []
    for _ in range(2):
        platform.paaks("rollback", "shop", cwd=clone.path)
        answer = platform.visit_public("shop")
        answers.append((answer.text, answer.headers["PaaKS-Revision"]))
    assert [text for text, _ in answers] == ["one", "two"]
    clone.git("fetch", "-q", "origin")
    log = clone.git("rev-list", "origin/main").stdout.split()
    assert [log[1], log[0]] == [commit for _, commit in answers]
    assert log[2] == second
    assert clone.git("diff", second, "origin/main", "--stat").stdout == ""


def test_removing_many_services_waits_for_a_persons_word(fresh_platform: Platform) -> None:
    platform = fresh_platform
    clone = platform.clone()
    for number in range(6):
        clone.write({f"s{number}/service.yaml": PUBLIC, f"s{number}/handler.py": handler(str(number))})
    clone.commit({})
    clone.push()
    for number in range(6):
        clone.git("rm", "-q", "-r", f"s{number}")
    clone.git("commit", "-q", "-m", "Remove them all")
    removal = clone.head()
    pushed = clone.push()
    assert "--allow-prune" in pushed.stderr
    assert platform.visit_public("s3").text == "3"
    with platform.client() as client:
        assert client.post(f"/api/v1/tenants/{platform.slug}/prune", json={"commit": removal}).status_code == 202
    deadline = time.monotonic() + 20
    while platform.visit_public("s3").status_code != 404:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_rename_has_no_gap(fresh_platform: Platform) -> None:
    platform = fresh_platform
    clone = platform.clone()
    push_service(clone, "old", "same")
    gaps: list[tuple[int, int]] = []
    stop = threading.Event()

    def watch() -> None:
        with httpx2.Client(base_url=platform.dispatcher, timeout=30) as client:
            while not stop.is_set():
                old, new = (client.get(f"/~{platform.slug}/{name}/").status_code for name in ("old", "new"))
                if 200 not in (old, new):
                    gaps.append((old, new))

    watching = threading.Thread(target=watch)
    watching.start()
    clone.git("mv", "old", "new")
    clone.git("commit", "-q", "-m", "Rename it")
    clone.push()
    wait_for_answer(platform, "new", "same")
    deadline = time.monotonic() + 20
    while platform.visit_public("old").status_code != 404:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    stop.set()
    watching.join()
    # Both are asked one after the other: one pair may fall between the two, not two of them.
    assert len(gaps) <= 1
