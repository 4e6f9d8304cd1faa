"""What bash offers on a real platform, through the function that `paaks completion bash` defines."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tested_platform import PAAKS, Platform

SCRIPT = """
eval "$({paaks} completion bash)"
COMP_WORDS=(paaks {words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_paaks_completion {paaks}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def press(platform: Platform, directory: Path, words: str) -> list[str]:
    """What is offered for the last of the words."""
    environment = {**platform.environment(), "HOME": str(directory)}
    script = SCRIPT.format(paaks=PAAKS, words=words)
    done = subprocess.run(["bash", "-c", script], env=environment, cwd=directory, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_what_the_platform_has(platform: Platform, tmp_path: Path) -> None:
    assert "hello" in press(platform, tmp_path, "status h")
    assert "hello/handler.py" in press(platform, tmp_path, "files cat hello/")
    assert press(platform, tmp_path, "status -t dem") == ["demo"]
    assert press(platform, tmp_path, "comp") == ["completion"]
