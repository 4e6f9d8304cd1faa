"""What the system database is worth: logins and timings, and never a service."""

from __future__ import annotations

import shutil

from started_platform import StartedPlatform

GOOD = "class Handler:\n    def run(self, req):\n        return 'good'\n"


def test_services_outlive_the_loss_of_the_database(fresh_platform: StartedPlatform) -> None:
    clone = fresh_platform.clone()
    live = clone.commit({"shop/service.yaml": "public: true\n", "shop/handler.py": GOOD})
    clone.push()
    clone.commit({"shop/handler.py": "import there_is_no_such_module\n" + GOOD})
    clone.push()
    slug = fresh_platform.slug
    assert fresh_platform.stop() == 0
    shutil.rmtree(fresh_platform.data / "pg")

    fresh_platform.start()

    answer = fresh_platform.visit(f"~{slug}/shop/", timeout=15)
    assert (answer.status_code, answer.text) == (200, "good")
    assert answer.headers["PaaKS-Revision"] == live, "the last live revision, not the tip, which cannot start"
    assert fresh_platform.visit(f"~{slug}/hello/", timeout=15).status_code == 200
