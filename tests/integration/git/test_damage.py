"""A push to a repository one of whose files was cut short: an error, never a success, and nobody else is concerned."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.git.conftest import Clone, GitServer, make_clone

FILES = {"commit": "main", "tree": "main^{tree}", "blob": "main:hello/handler.py"}


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("length", [0, 12])
def test_rl_05_a_push_to_a_damaged_repository_is_an_error(
    server: GitServer, clone: Clone, tmp_path: Path, what: str, length: int
) -> None:
    path = server.repository("ta").path
    oid = Clone(path).git("rev-parse", FILES[what]).stdout.strip()
    before, file = server.head(), path / "objects" / oid[:2] / oid[2:]
    whole = file.read_bytes()
    clone.commit(**{"hello/handler.py": f"class Handler: pass  # {what} {length}\n"})
    file.chmod(0o600)
    try:
        file.write_bytes(whole[:length])
        done = clone.push()
        moved = server.head() != before
        other = make_clone(server, tmp_path / "tb", "tb")
        other.commit(**{"README.md": f"{what} {length}\n"})
        assert other.push().returncode == 0
    finally:
        file.write_bytes(whole)

    # A file that the push replaces need not be read for it.
    assert (done.returncode == 0) == moved, done.stderr
    assert what == "blob" or not moved, done.stderr
    assert clone.push().returncode == 0
