"""What the system database is worth: logins and timings, and never a service."""

from __future__ import annotations

import shutil

from tested_platform import Platform

GOOD = "class Handler:\n    def run(self, req):\n        return 'good'\n"


def test_services_outlive_the_loss_of_the_database(fresh_platform: Platform) -> None:
    clone = fresh_platform.clone()
    live = clone.commit({"shop/service.yaml": "public: true\n", "shop/handler.py": GOOD})
    clone.push()
    clone.commit({"shop/handler.py": "import there_is_no_such_module\n" + GOOD})
    clone.push()
    fresh_platform.stop()
    shutil.rmtree(fresh_platform.data / "pg")

    fresh_platform.start()

    answer = fresh_platform.visit_public("shop")
    assert (answer.status_code, answer.text) == (200, "good")
    assert answer.headers["PaaKS-Revision"] == live, "the last live revision, not the tip, which cannot start"
    assert fresh_platform.visit_public("hello").status_code == 200
