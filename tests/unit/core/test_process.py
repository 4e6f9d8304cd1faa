"""Settings from the environment: every variable is known, typed, and named where it is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.process import SettingError, read_settings

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Settings:
    """One of each kind."""

    data: Path
    port: int = 3000
    poll_seconds: float = 1.0
    debug_mode: bool = False
    link: Path | None = None
    listen_fd: int | None = None
    public_url: str = "http://127.0.0.1:3000"
    names: str = field(default_factory=lambda: "made")


def test_defaults_and_required() -> None:
    settings = read_settings(Settings, {"PAAKS_DATA": "/data"})

    assert settings == Settings(Path("/data"))
    assert settings.names == "made"
    with pytest.raises(SettingError, match="PAAKS_DATA is not set"):
        read_settings(Settings, {})


def test_every_kind_is_converted() -> None:
    settings = read_settings(
        Settings,
        {
            "PAAKS_DATA": "relative/x",
            "PAAKS_PORT": "0",
            "PAAKS_POLL_SECONDS": "0.25",
            "PAAKS_DEBUG_MODE": "Yes",
            "PAAKS_LINK": "/run/link",
            "PAAKS_LISTEN_FD": "7",
            "PAAKS_PUBLIC_URL": "https://x",
        },
    )

    assert settings == Settings(Path("relative/x"), 0, 0.25, True, Path("/run/link"), 7, "https://x")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("true", True), ("TRUE", True), ("yes", True), ("0", False), ("no", False), ("", False)],
)
def test_truth(text: str, value: bool) -> None:
    assert read_settings(Settings, {"PAAKS_DATA": "x", "PAAKS_DEBUG_MODE": text}).debug_mode is value


@pytest.mark.parametrize(
    ("variable", "text", "kind"),
    [
        ("PAAKS_PORT", "eighty", "int"),
        ("PAAKS_PORT", "", "int"),
        ("PAAKS_PORT", "1.5", "int"),
        ("PAAKS_POLL_SECONDS", "soon", "float"),
        ("PAAKS_DEBUG_MODE", "maybe", "bool"),
        ("PAAKS_LISTEN_FD", "x", "int"),
    ],
)
def test_a_wrong_value_names_the_variable_and_the_kind(variable: str, text: str, kind: str) -> None:
    with pytest.raises(SettingError, match=f"{variable}: '{text}' is not a {kind}"):
        read_settings(Settings, {"PAAKS_DATA": "x", variable: text})


def test_a_slip_in_a_name_is_found() -> None:
    with pytest.raises(SettingError, match="PAAKS_PROT is not a setting"):
        read_settings(Settings, {"PAAKS_DATA": "x", "PAAKS_PROT": "1"})


@pytest.mark.parametrize(
    "variable", ["PAAKS_DATABASE_URL", "PAAKS_TOKEN", "PAAKS_NO_COLOR", "PAAKS_TEST_ROUNDS", "HOME", "PAAK"]
)
def test_what_others_read_passes(variable: str) -> None:
    assert read_settings(Settings, {"PAAKS_DATA": "x", variable: "anything"}) == Settings(Path("x"))


def test_what_is_known_may_be_given() -> None:
    environment = {"PAAKS_DATA": "x", "PAAKS_OTHER": "1"}

    assert read_settings(Settings, environment, known=frozenset({"PAAKS_OTHER"})).port == 3000
    with pytest.raises(SettingError):
        read_settings(Settings, environment, known=frozenset())


@given(
    st.dictionaries(
        st.sampled_from(["PAAKS_DATA", "PAAKS_PORT", "PAAKS_POLL_SECONDS", "PAAKS_LINK", "PAAKS_X", "X"]), st.text()
    )
)
def test_any_environment_is_read_or_refused(environment: dict[str, str]) -> None:
    try:
        settings: Settings | str = read_settings(Settings, environment)
    except SettingError as error:
        settings = str(error)
    if isinstance(settings, str):
        assert any(variable in settings for variable in [*environment, "PAAKS_DATA"])
    else:
        assert settings.data == Path(environment["PAAKS_DATA"])


# -- how a process ends: with real processes ------------------------------------------------------------------------

PROGRAM = """
import asyncio, os, sys
from core.process import catch_sigterm, watch_lifeline
async def main():
    watch_lifeline(int(sys.argv[1]) if sys.argv[1] else None)
    stop = catch_sigterm()
    print("up", flush=True)
    await stop.wait()
    print("stopping", flush=True)
    if sys.argv[2]:
        await asyncio.Event().wait()
asyncio.run(main())
"""


def start(lifeline: int | None = None, *, hangs: bool = False) -> subprocess.Popen[str]:
    """A process of ours, once it is up."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "" if lifeline is None else str(lifeline), "1" if hangs else ""],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=() if lifeline is None else (lifeline,),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def test_a_process_ends_when_its_supervisor_does() -> None:
    read, write = os.pipe()
    with start(read) as process:
        os.close(read)
        assert process.poll() is None
        os.close(write)
        assert process.wait(5) == 1


def test_sigterm_is_an_event_and_a_second_one_the_end() -> None:
    with start() as process:
        process.terminate()
        assert process.communicate(timeout=5)[0] == "stopping\n"
        assert process.returncode == 0
    with start(hangs=True) as process:
        process.terminate()
        assert process.stdout is not None
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(2)
        assert process.wait(5) == 130


def test_log_lines_are_json_with_the_component() -> None:
    program = """
import json
from core.process import configure_logging
log = configure_logging("api")
log.info("hello", service="x\\ny")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = done.stderr.splitlines()

    assert '"component": "api"' in first
    assert '"event": "hello"' in first
    assert '"service": "x\\ny"' in first
    assert "ZeroDivisionError" in second
    assert done.stdout == ""
