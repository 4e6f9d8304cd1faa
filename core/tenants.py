"""What a tenant is, kept beside its repository in `tenant.json`: slug, suspensions, confirmed prunes, requests.

It is there exactly when its directory is: creation is one rename. Every write is stored before its hint is sent.
What does not live here: members and tokens (`api/accounts.py`), the repository's contents (`repository.py`).
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core import names, repository
from core.errors import Conflict, Problem, Refused

TENANT_FILE = "tenant.json"
_KEPT_PRUNES = 20


@dataclass(frozen=True)
class Tenant:
    """`id` is a uuid, `slug` never changes, `created` is RFC 3339. `template` is the commit it was created with.

    `allowed_prunes` are commits that may remove many services; `requests` is service (or "") → when a person last
    asked for a reconcile, RFC 3339.
    """

    id: str
    slug: str
    created: str
    template: str
    allowed_prunes: tuple[str, ...] = ()
    requests: Mapping[str, str] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """The tenant's namespace on the cluster."""
        return names.namespace_of(self.id)


def allow_prune(tenant: Tenant, commit: str) -> Tenant:
    """The tenant with a commit's prune confirmed."""
    kept = [c for c in tenant.allowed_prunes if c != commit]
    return replace(tenant, allowed_prunes=(*kept[-_KEPT_PRUNES:], commit))


def request_reconcile(tenant: Tenant, service: str, at: str) -> Tenant:
    """The tenant with a person's wish to look again."""
    return replace(tenant, requests={**tenant.requests, service: at})


class Tenants:
    """All tenants of an installation; `data` is its data directory. Reads are cached by the files' state."""

    def __init__(self, data: Path, template: Path | None = None) -> None:
        self.root = data / "repos"
        self.root.mkdir(parents=True, exist_ok=True)
        self._template = template or Path(__file__).parent.parent / "repo-template"
        self._cache: dict[Path, tuple[tuple[int, int], Tenant]] = {}

    def path_of(self, tenant: Tenant) -> Path:
        """The tenant's repository."""
        return self.root / f"{tenant.id}.git"

    def all(self) -> list[Tenant]:
        """Every tenant, oldest first. What cannot be read is left out: never a reason to delete anything."""
        found = [self._read(path) for path in self.root.glob("*.git")]
        return sorted((t for t in found if t is not None), key=lambda t: (t.created, t.id))

    def by_slug(self, slug: str) -> Tenant | None:
        """The tenant with a slug, or None."""
        for path, (_, tenant) in list(self._cache.items()):  # another thread may be filling it
            if tenant.slug == slug:
                return self._read(path)
        return next((tenant for tenant in self.all() if tenant.slug == slug), None)

    def by_id(self, tenant_id: str) -> Tenant | None:
        """The tenant with an id, or None."""
        return self._read(self.root / f"{tenant_id}.git")

    def _read(self, path: Path) -> Tenant | None:
        file = path / TENANT_FILE
        try:
            stat = file.stat()
            state = (stat.st_mtime_ns, stat.st_ino)
            cached = self._cache.get(path)
            if cached is None or cached[0] != state:
                cached = (state, _parse(json.loads(file.read_bytes())))
                self._cache[path] = cached
        except (OSError, ValueError, TypeError, KeyError):
            self._cache.pop(path, None)
            return None
        return cached[1]

    async def create(self, slug: str, *, alone: bool = False) -> Tenant:
        """A new tenant with the template repository. Raises Refused for a bad slug, Conflict for a taken one.

        `alone`: Conflict also where there is any other tenant.
        """
        problem = names.name_problem(slug, "tenant")
        if problem:
            raise Refused(problem)
        return await asyncio.to_thread(self._create, slug, alone)

    def _create(self, slug: str, alone: bool) -> Tenant:
        with self._locked():
            existing = self.all()
            if any(tenant.slug == slug for tenant in existing):
                raise Conflict(Problem("name-taken", f"there is already a tenant {slug!r}"))
            if alone and existing:
                raise Conflict(Problem("tenant-needs-isolation", f"there is already the tenant {existing[0].slug!r}"))
            taken = {tenant.namespace for tenant in existing}
            tenant_id = str(uuid.uuid4())
            while names.namespace_of(tenant_id) in taken:
                tenant_id = str(uuid.uuid4())
            return self._place(tenant_id, slug)

    def _place(self, tenant_id: str, slug: str) -> Tenant:
        draft = self.root / f".new-{tenant_id}"
        commit = repository.create_repository(draft, _read_template(self._template, slug), ("PaaKS", "paaks@localhost"))
        created = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        tenant = Tenant(tenant_id, slug, created, commit)
        _write(draft / TENANT_FILE, tenant)
        draft.rename(self.root / f"{tenant_id}.git")
        repository.sync_directories(self.root)
        return tenant

    async def update(self, tenant_id: str, change: Callable[[Tenant], Tenant]) -> Tenant:
        """Store a change of a tenant; durable when it returns. Raises KeyError where there is none."""
        return await asyncio.to_thread(self._update, tenant_id, change)

    def _update(self, tenant_id: str, change: Callable[[Tenant], Tenant]) -> Tenant:
        with self._locked():
            self._cache.pop(self.root / f"{tenant_id}.git", None)  # what is changed is what is on the disk
            tenant = self.by_id(tenant_id)
            if tenant is None:
                raise KeyError(tenant_id)
            changed = change(tenant)
            if changed != tenant:
                _write(self.path_of(tenant) / TENANT_FILE, changed)
            return changed

    def remove_drafts(self) -> None:
        """Remove what a killed creation left."""
        with self._locked():
            for draft in self.root.glob(".new-*"):
                shutil.rmtree(draft, ignore_errors=True)

    def _locked(self) -> _Lock:
        return _Lock(self.root / ".lock")


class _Lock:
    """One writer of tenant files at a time, over all processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def __enter__(self) -> None:
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def _read_template(root: Path, slug: str) -> dict[str, tuple[int, bytes]]:
    """The files of the template, with `{slug}` filled in where a text says it."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {
        str(path.relative_to(root)): (0o100644, path.read_bytes().replace(b"{slug}", slug.encode())) for path in files
    }


def _parse(document: dict[str, Any]) -> Tenant:
    return Tenant(
        id=document["id"],
        slug=document["slug"],
        created=document["created"],
        template=document["template"],
        allowed_prunes=tuple(document.get("allowedPrunes", ())),
        requests=document.get("requests", {}),
    )


def _write(path: Path, tenant: Tenant) -> None:
    document = asdict(tenant)
    document["allowedPrunes"] = document.pop("allowed_prunes")
    draft = path.with_suffix(".new")
    with draft.open("w") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    repository.sync_directories(path.parent)
