"""May this tree land? Real trees in real repositories, judged by real worker processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping

import pygit2
import pytest
import pytest_asyncio

from core import check
from core.check import Checker
from core.commit import Draft, Put, format_tree
from core.repository import Entry, Repository, create_repository

pytestmark = pytest.mark.asyncio(loop_scope="module")

HANDLER = b"class Handler:\n    def run(self, req):\n        return 'ok'\n"
GOOD = {"hello/service.yaml": b"", "hello/handler.py": HANDLER, "README.md": b"hi\n"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def checker() -> AsyncIterator[Checker]:
    async with Checker() as running:
        yield running


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    path = tmp_path_factory.mktemp("check") / "r.git"
    create_repository(path, {"README.md": (0o100644, b"hi\n")}, ("a", "a@b"))
    return Repository(path)


def draft(repository: Repository, files: Mapping[str, bytes]) -> Draft:
    made = Draft(repository, repository.root_of(str(repository.head())))
    for path, data in files.items():
        made.apply(Put(path, data))
    return made


def raw_tree(repository: Repository, *entries: tuple[bytes, int, str]) -> str:
    """A tree with any names and modes, also those that no client of ours would write."""
    kinds = {0o040000: "tree", 0o160000: "commit"}
    data = format_tree([Entry(name, mode, oid, kinds.get(mode, "blob")) for name, mode, oid in entries])
    return str(repository.git.odb.write(pygit2.enums.ObjectType.TREE, data))


def raw_blob(repository: Repository, data: bytes = b"x") -> str:
    return str(repository.git.odb.write(pygit2.enums.ObjectType.BLOB, data))


async def found(checker: Checker, repository: Repository, files: Mapping[str, bytes]) -> list[tuple[str, str | None]]:
    made = draft(repository, files)
    problems = await checker.check_tree(made, made.root, tenant="t")
    return [(problem.slug, problem.file) for problem in problems]


async def test_a_right_tree_has_no_problems_and_is_described(checker: Checker, repository: Repository) -> None:
    made = draft(repository, GOOD | {"shop/service.yaml": b"public: true\n", "shop/handler.py": b"app = None\n"})

    assert await checker.check_tree(made, made.root, tenant="t") == []
    services = await checker.describe_services(made, made.root, tenant="t")
    assert {name: at.descriptor.public for name, at in services.items()} == {"hello": False, "shop": True}


async def test_a_service_at_the_root_is_named_by_its_descriptor(checker: Checker, repository: Repository) -> None:
    made = draft(repository, {"service.yaml": b"name: solo\n", "handler.py": HANDLER})

    assert await checker.check_tree(made, made.root, tenant="t") == []
    services = await checker.describe_services(made, made.root, tenant="t")
    assert [(at.name, at.path, at.tree) for at in services.values()] == [("solo", "", made.root)]


async def test_every_problem_is_found_at_once_with_its_place(checker: Checker, repository: Repository) -> None:
    files = {
        "a/service.yaml": b"replcas: 2\n",
        "a/handler.py": b"def f(:\n",
        "b/service.yaml": b"handler: nope.py\n",
        "b/other.py": b"x = 1\n",
        "c/deep/service.yaml": b"",
        "d/service.yaml": b"",
        "d/handler.py": b"\xff\n",
    }
    made = draft(repository, files)
    problems = await checker.check_tree(made, made.root, tenant="t")

    places = {(p.file, p.line, p.column) for p in problems}
    assert ("a/service.yaml", 1, 1) in places
    assert ("a/handler.py", 1, 7) in places
    assert ("b/service.yaml", 1, 10) in places
    assert {"c/deep/service.yaml", "d/handler.py"} <= {file for file, _, _ in places}
    caret = next(p for p in problems if p.file == "a/handler.py")
    assert caret.source == "def f(:"


@pytest.mark.parametrize(
    ("files", "slug", "file"),
    [
        ({"api/service.yaml": b"", "api/x.py": b""}, "name-reserved", "api/service.yaml"),
        ({"A_b/service.yaml": b"", "A_b/handler.py": b""}, "name-invalid", "A_b/service.yaml"),
        ({"service.yaml": b"", "handler.py": HANDLER}, "schema-error", "service.yaml"),
        (
            {"service.yaml": b"name: x\n", "handler.py": HANDLER, "y/service.yaml": b""},
            "schema-error",
            "y/service.yaml",
        ),
        (
            {"s/service.yaml": b"", "s/handler.py": b"#" * (check.MAX_PYTHON_BYTES + 1)},
            "file-too-large",
            "s/handler.py",
        ),
        ({"s/service.yaml": b"#" * (64 * 1024 + 1), "s/handler.py": b""}, "file-too-large", "s/service.yaml"),
        ({"s/service.yaml": b"", "s/handler.py": b"", "s/data": b"x" * 950_000}, "too-many-entries", "s/"),
        ({"s/service.yaml": b"", **{f"s/{n}": b"" for n in range(501)}}, "too-many-entries", "s/"),
        ({"s/service.yaml/x": b"", "s/service.yaml/y": b""}, "schema-error", "s/service.yaml"),
    ],
)
async def test_limits_and_names(
    checker: Checker, repository: Repository, files: dict[str, bytes], slug: str, file: str
) -> None:
    assert (slug, file) in await found(checker, repository, files)


async def test_python_outside_services_and_on_branches_is_not_judged(checker: Checker, repository: Repository) -> None:
    made = draft(repository, {"scripts/broken.py": b"def f(:\n"})
    assert await checker.check_tree(made, made.root, tenant="t") == []

    broken = draft(repository, {"s/service.yaml": b"nonsense: 1\n"})
    assert await checker.check_tree(broken, broken.root, tenant="t", deploys=False) == []


@pytest.mark.parametrize(
    ("name", "mode", "slug"),
    [
        (b"link", 0o120000, "entry-not-allowed"),
        (b"module", 0o160000, "entry-not-allowed"),
        (b"strange", 0o100666, "entry-not-allowed"),
        *[(n, 0o100644, "path-not-allowed") for n in (b".git", b".GIT", b"git~1", b".git ", b".git.", b".gitmodules")],
        *[(n, 0o100644, "path-not-allowed") for n in (".g\u200cit".encode(), b".git::$INDEX_ALLOCATION", b"..\\..\\x")],
        *[
            (n, 0o100644, "path-not-allowed")
            for n in (b"\xff\xfe", b"a\nb", b"\x1b[31m", "\u202egnp".encode(), b"x" * 256)
        ],
    ],
)
async def test_entries_that_are_refused(
    checker: Checker, repository: Repository, name: bytes, mode: int, slug: str
) -> None:
    oid = raw_blob(repository) if mode != 0o160000 else str(repository.head())
    problems = await checker.check_tree(repository, raw_tree(repository, (name, mode, oid)), tenant="t", deploys=False)

    assert [p.slug for p in problems] == [slug]
    assert all(c.isprintable() for c in problems[0].file or "")


async def test_ordinary_names_that_only_look_close_are_accepted(checker: Checker, repository: Repository) -> None:
    names = (b".gitignore", b".gitattributes", b".github", b"gitx", b"CON", "größe.txt".encode(), b"a b", b"x" * 255)
    root = raw_tree(repository, *((name, 0o100644, raw_blob(repository)) for name in names))

    assert await checker.check_tree(repository, root, tenant="t") == []


async def test_git_12_a_tree_bomb_is_counted_not_walked(checker: Checker, repository: Repository) -> None:
    tree = raw_tree(repository, (b"f", 0o100644, raw_blob(repository)))
    for _ in range(10):
        tree = raw_tree(repository, *((b"%d" % n, 0o040000, tree) for n in range(10)))
    started = time.process_time()
    problems = await checker.check_tree(repository, tree, tenant="t")

    assert "too-many-entries" in [p.slug for p in problems]
    assert time.process_time() - started < 5


async def test_git_13_deep_nesting_is_refused_without_recursion_errors(
    checker: Checker, repository: Repository
) -> None:
    tree = raw_tree(repository, (b"f", 0o100644, raw_blob(repository)))
    for depth in range(300):
        tree = raw_tree(repository, (b"d", 0o040000, tree))
        if depth + 2 == check.MAX_DEPTH:
            assert await checker.check_tree(repository, tree, tenant="t") == []

    assert [p.slug for p in await checker.check_tree(repository, tree, tenant="t")] == ["too-many-entries"]


async def test_a_file_that_takes_too_long_ends_a_worker_and_nothing_else(
    checker: Checker, repository: Repository
) -> None:
    # Measured in notes/prototypes.md: the parser's worst case by size is a line of nested attributes.
    slow = b"x = " + b"-" * 40_000 + b"1\n"
    attributes = b"x=" + b"a." * 100_000 + b"a\n"
    for data in (slow, attributes):
        files = GOOD | {"hello/slow.py": data}
        problems = await found(checker, repository, files)
        assert problems == [("check-too-slow", "hello/slow.py")] or problems == [("syntax-error", "hello/slow.py")]
    assert await found(checker, repository, GOOD) == []


async def test_one_tenants_slow_files_leave_the_others_their_workers(checker: Checker, repository: Repository) -> None:
    bad = [draft(repository, GOOD | {"hello/slow.py": b"x=" + b"a." * (90_000 + n) + b"a\n"}) for n in range(4)]
    slow = [asyncio.create_task(checker.check_tree(made, made.root, tenant="slow")) for made in bad]
    await asyncio.sleep(0)
    for number in range(10):
        assert await found(checker, repository, GOOD | {"hello/x.py": b"y = %d\n" % number}) == []
    assert all([p.slug for p in problems] == ["check-too-slow"] for problems in await asyncio.gather(*slow))


async def test_what_was_right_is_not_parsed_again(checker: Checker, repository: Repository) -> None:
    made = draft(repository, GOOD)
    await checker.check_tree(made, made.root, tenant="t")
    asked: list[str] = []

    class Watched(Draft):
        def blob(self, oid: str) -> bytes:
            asked.append(oid)
            return super().blob(oid)

    again = Watched(repository, repository.root_of(str(repository.head())))
    for path, data in GOOD.items():
        again.apply(Put(path, data))
    assert await checker.check_tree(again, again.root, tenant="t") == []
    assert asked == []
