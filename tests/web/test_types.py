"""The web's types are those of the API as its routes are now."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from api.app import describe_routes

ROOT = Path(__file__).parent.parent.parent


def test_the_types_are_current(tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(describe_routes()))
    fresh = tmp_path / "schema.d.ts"
    options = ["--output", str(fresh), "--root-types", "--root-types-no-schema-prefix"]

    command = [str(ROOT / ".ci" / "npm"), "exec", "--", "openapi-typescript", str(document), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=120)

    assert fresh.read_text() == (ROOT / "web" / "src" / "api" / "schema.d.ts").read_text(), "make web, and commit it"
