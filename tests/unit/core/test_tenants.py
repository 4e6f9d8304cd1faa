"""Tenants are there exactly when their directory is; writers at once lose nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from core import names
from core.errors import Conflict, Refused
from core.repository import Repository
from core.tenants import TENANT_FILE, Tenant, Tenants, allow_prune, request_reconcile

ROOT = Path(__file__).parents[3]


def count_descriptors() -> int:
    """How many are open; what other tests left to the garbage collector is closed first."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def tenants(tmp_path: Path) -> Tenants:
    """Of a fresh installation."""
    return Tenants(tmp_path)


async def test_a_new_tenant_has_the_template_with_its_slug(tenants: Tenants) -> None:
    tenant = await tenants.create("demo")
    repo = Repository(tenants.path_of(tenant))
    root = repo.root_of(tenant.template)
    readme = repo.find(root, "README.md")
    assert readme is not None

    assert repo.head() == tenant.template
    assert list(repo.services(root)) == ["hello"]
    assert b"{slug}" not in repo.blob(readme.oid)
    assert b"demo" in repo.blob(readme.oid)
    assert tenant.namespace == names.namespace_of(tenant.id)
    assert [tenants.by_id(tenant.id), tenants.by_slug("demo"), *tenants.all()] == [tenant] * 3
    assert Tenants(tenants.root.parent).by_slug("demo") == tenant


@pytest.mark.parametrize("slug", ["", "A", "api", "paaks-x", "a/b", "..", "x" * 41, "a\n"])
async def test_a_bad_slug_is_refused_and_leaves_nothing(tenants: Tenants, slug: str) -> None:
    with pytest.raises(Refused):
        await tenants.create(slug)
    assert tenants.all() == []
    assert list(tenants.root.iterdir()) == []


async def test_a_taken_slug_is_refused(tenants: Tenants) -> None:
    await tenants.create("demo")
    with pytest.raises(Conflict) as caught:
        await tenants.create("demo")
    assert caught.value.problems[0].slug == "name-taken"
    assert len(tenants.all()) == 1


async def test_one_slug_goes_to_one_of_many_who_want_it(tmp_path: Path) -> None:
    several = [Tenants(tmp_path) for _ in range(4)]
    made = await asyncio.gather(*(t.create("demo") for t in several), return_exceptions=True)

    assert sum(isinstance(tenant, Tenant) for tenant in made) == 1
    assert sum(isinstance(tenant, Conflict) for tenant in made) == 3
    assert len(Tenants(tmp_path).all()) == 1


async def test_tenants_come_oldest_first(tenants: Tenants) -> None:
    for slug in ("c", "a", "b"):
        await tenants.create(slug)

    assert [tenant.created for tenant in tenants.all()] == sorted(tenant.created for tenant in tenants.all())
    assert {tenant.slug for tenant in tenants.all()} == {"a", "b", "c"}


async def test_a_change_is_stored_and_seen_by_other_processes(tenants: Tenants) -> None:
    tenant = await tenants.create("demo")
    other = Tenants(tenants.root.parent)
    assert other.by_slug("demo") == tenant
    changed = await tenants.update(
        tenant.id, lambda t: request_reconcile(allow_prune(t, "c" * 40), "", "2026-01-01T00:00:00Z")
    )

    assert changed.allowed_prunes == ("c" * 40,)
    assert other.by_id(tenant.id) == other.by_slug("demo") == changed
    with pytest.raises(KeyError):
        await tenants.update("11111111-0000-4000-8000-000000000000", lambda t: t)


async def test_a_change_that_fails_changes_nothing(tenants: Tenants) -> None:
    tenant = await tenants.create("demo")

    def fail(_: Tenant) -> Tenant:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await tenants.update(tenant.id, fail)
    assert await tenants.update(tenant.id, lambda t: t) == tenant


async def test_changes_of_two_writers_are_both_kept(tmp_path: Path) -> None:
    """Fast, so that the file's time stamp does not tell one state from the next."""
    mine, theirs = Tenants(tmp_path), Tenants(tmp_path)
    tenant = await mine.create("demo")

    def write(which: Tenants, start: int) -> None:
        for n in range(start, start + 20):
            which._update(tenant.id, lambda t, n=n: request_reconcile(t, f"s{n}", "now"))  # type: ignore[misc]
            which.by_id(tenant.id)

    threads = [threading.Thread(target=write, args=args) for args in ((mine, 0), (theirs, 100), (mine, 200))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = Tenants(tmp_path).by_id(tenant.id)
    assert found is not None
    assert len(found.requests) == 60


def test_confirmed_prunes_are_limited_and_the_newest_stays() -> None:
    tenant = Tenant("id", "demo", "now", "c" * 40)
    for n in range(100):
        tenant = allow_prune(tenant, f"{n:040x}")
    again = allow_prune(tenant, f"{90:040x}")

    assert len(tenant.allowed_prunes) <= 21
    assert tenant.allowed_prunes[-1] == f"{99:040x}"
    assert again.allowed_prunes[-1] == f"{90:040x}"
    assert len(set(again.allowed_prunes)) == len(again.allowed_prunes)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"id": 1}', b"\xff", b'"x"', None])
async def test_a_file_that_cannot_be_read_hides_its_tenant_alone(tenants: Tenants, content: bytes | None) -> None:
    broken, good = await tenants.create("broken"), await tenants.create("good")
    file = tenants.path_of(broken) / TENANT_FILE
    before = file.read_bytes()
    file.unlink()
    if content is not None:
        file.write_bytes(content)

    assert [tenant.slug for tenant in tenants.all()] == ["good"]
    assert tenants.by_slug("broken") is None
    assert tenants.by_id(broken.id) is None
    assert tenants.by_slug("good") == good
    file.unlink(missing_ok=True)
    file.write_bytes(before)
    assert tenants.by_slug("broken") == broken


async def test_fields_that_came_later_may_be_missing(tenants: Tenants) -> None:
    tenant = await tenants.create("demo")
    file = tenants.path_of(tenant) / TENANT_FILE
    document = {
        key: value
        for key, value in json.loads(file.read_bytes()).items()
        if key in ("id", "slug", "created", "template")
    }
    file.with_suffix(".x").write_text(json.dumps(document))
    file.with_suffix(".x").rename(file)

    assert Tenants(tenants.root.parent).by_slug("demo") == replace(tenant, allowed_prunes=(), requests={})


async def test_what_a_killed_creation_left_is_no_tenant_and_is_removed(tenants: Tenants) -> None:
    """The process is killed when its repository is there and its tenant is not."""
    program = (
        "import os, sys, pathlib\nfrom core import repository, tenants\n"
        "real = repository.create_repository\n"
        "def killed(*a):\n    real(*a)\n    os.kill(os.getpid(), 9)\n"
        "repository.create_repository = killed\n"
        "tenants.Tenants(pathlib.Path(sys.argv[1]))._create('demo', False)\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, tenants.root.parent, cwd=ROOT)
    assert await process.wait() == -9
    assert len(list(tenants.root.glob(".new-*"))) == 1
    assert tenants.all() == []
    created = await tenants.create("demo")
    tenants.remove_drafts()

    assert list(tenants.root.glob(".new-*")) == []
    assert tenants.all() == [created]


async def test_no_descriptor_stays_open(tenants: Tenants) -> None:
    tenant = await tenants.create("demo")
    await tenants.update(tenant.id, lambda t: allow_prune(t, "a" * 40))
    before = count_descriptors()
    for n in range(5):
        await tenants.update(tenant.id, lambda t, n=n: allow_prune(t, f"{n:040x}"))  # type: ignore[misc]
        tenants.remove_drafts()
        with pytest.raises(Conflict):
            await tenants.create("demo")
    assert count_descriptors() <= before
