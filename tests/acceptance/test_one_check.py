"""One check answers every door: what a push is refused for, the editor, the API and the command line are told alike."""

from __future__ import annotations

import json
import re

from tested_platform import Platform

GOOD = "class Handler:\n    def run(self, req):\n        return 'good'\n"
BROKEN = "class Handler:\n    def run(self, req):\n        return greet(req\n"
Place = tuple[str, int, int]


def read_places(problems: list[dict[str, object]]) -> list[Place]:
    """File, line and column of each problem of an answer."""
    return [(str(p["file"]), int(str(p["line"])), int(str(p["column"]))) for p in problems]


def test_push_editor_api_and_command_line_say_the_same(platform: Platform, service_name: str) -> None:
    clone = platform.clone()
    clone.commit({f"{service_name}/service.yaml": "public: true\n", f"{service_name}/handler.py": GOOD})
    clone.push()
    base = clone.head()
    tenant = f"/api/v1/tenants/{platform.slug}"
    path = f"{service_name}/handler.py"
    expected = [(path, 3, 21)]
    body = {"base": base, "ops": [{"op": "put", "path": path, "content": BROKEN}]}

    with platform.client() as client:
        file = f"{tenant}/services/{service_name}/files/handler.py"
        etag = client.get(file).headers["ETag"]
        saved = client.put(file, content=BROKEN.encode(), headers={"If-Match": etag})
        changed = client.post(f"{tenant}/changes", json=body)
        checked = client.post(f"{tenant}/check", json=body)
    clone.commit({path: BROKEN})
    pushed = clone.push(check=False)
    typed = platform.paaks("check", "-o", "json", cwd=clone.path, check=False)

    assert (saved.status_code, read_places(saved.json()["errors"])) == (422, expected)
    assert (changed.status_code, read_places(changed.json()["errors"])) == (422, expected)
    assert (checked.status_code, read_places(checked.json()["problems"])) == (200, expected)
    found = re.search(r"(\S+):(\d+):(\d+)  SyntaxError", pushed.stderr)
    assert found is not None, pushed.stderr
    assert (found[1], int(found[2]), int(found[3])) == expected[0]
    assert (typed.returncode, read_places(json.loads(typed.stdout)["problems"])) == (1, expected)
    assert platform.visit_public(service_name).headers["PaaKS-Revision"] == base
    assert clone.git("ls-remote", "origin", "refs/heads/main").stdout.split()[0] == base
