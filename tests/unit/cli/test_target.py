"""Which server, tenant and token: every place that names one, against every other."""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import config, target
from cli.config import Context, Logins
from cli.failure import Exit, Failure
from cli.target import Wish


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, with no platform on the machine."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "PAAKS_DATA": str(tmp_path / "data")}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory in a clone that `paaks clone` has made."""
    clone = tmp_path / "clone"
    (clone / "hello").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(clone)], check=True)
    for name, value in (("paaks.server", "http://clone"), ("paaks.tenant", "cloned")):
        subprocess.run(["git", "-C", str(clone), "config", name, value], check=True)
    return clone / "hello"


def start_platform(environment: dict[str, str], api: str = "http://127.0.0.1:3000") -> None:
    """What a `paaks up` leaves on this machine while it runs."""
    data = Path(environment["PAAKS_DATA"])
    (data / "run").mkdir(parents=True)
    (data / "run" / "endpoints.json").write_text(json.dumps({"api": api, "dispatcher": "http://127.0.0.1:8080"}))
    login = {"operator": {"email": "o", "password": "p"}, "demo": {"tenant": "demo", "token": "first"}}
    (data / "first-login.json").write_text(json.dumps(login))


def log_in(environment: dict[str, str], **contexts: Context) -> None:
    """Logins that are kept; the first is the current one."""
    logins = Logins(next(iter(contexts)), dict(contexts))
    config.write_logins(config.config_path(environment), logins)


def test_nothing_known_says_how_to_begin(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(Failure) as raised:
        target.find(Wish(), environment, tmp_path)
    assert raised.value.code is Exit.NOT_LOGGED_IN
    assert "paaks login" in str(raised.value.hint)


def test_the_platform_of_this_machine_is_found_with_its_first_login(
    environment: dict[str, str], tmp_path: Path
) -> None:
    start_platform(environment)
    found = target.find(Wish(), environment, tmp_path)
    assert (found.server, found.tenant, found.token) == ("http://127.0.0.1:3000", "demo", "first")
    assert found.apps == "http://127.0.0.1:8080"
    assert found.operator == {"email": "o", "password": "p"}
    assert target.find(Wish(tenant="other"), environment, tmp_path).token is None


def test_each_place_wins_over_the_next(environment: dict[str, str], place: Path) -> None:
    def server(wish: Wish | None = None) -> str:
        return target.find(wish or Wish(), environment, place).server

    start_platform(environment)
    assert server() == "http://clone"
    log_in(environment, work=Context("http://work", "acme", tokens={"acme": "t"}))
    assert server() == "http://clone"
    (place.parent / ".paaks.yaml").write_text("server: http://project\ntenant: projected\n")
    assert server() == "http://project"
    assert target.find(Wish(), environment, place).tenant == "projected"
    environment["PAAKS_SERVER"] = "http://variable/"
    assert server() == "http://variable"
    assert server(Wish(context="work")) == "http://work"
    assert server(Wish(server="flag:3000")) == "http://flag:3000"


def test_a_context_gives_its_token_to_its_server_alone(environment: dict[str, str], tmp_path: Path) -> None:
    log_in(environment, work=Context("http://work", "acme", tokens={"acme": "t", "": "op"}))
    assert target.find(Wish(), environment, tmp_path).token == "t"
    assert target.find(Wish(tenant="other"), environment, tmp_path).token is None
    assert target.find(Wish(server="http://elsewhere", tenant="acme"), environment, tmp_path).token is None
    assert target.find_operator(Wish(), environment, tmp_path).token == "op"
    with pytest.raises(Failure, match="no context 'play'"):
        target.find(Wish(context="play"), environment, tmp_path)


def test_the_variable_is_not_sent_to_a_server_that_only_a_file_names(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".paaks.yaml").write_text("server: http://evil\n")
    environment["PAAKS_TOKEN"] = "secret"
    with pytest.raises(Failure, match="PAAKS_TOKEN is not sent to http://evil"):
        target.find(Wish(), environment, tmp_path)
    environment["PAAKS_SERVER"] = "http://evil"
    assert target.find(Wish(), environment, tmp_path).token == "secret"


def test_a_project_file_above_the_clone_does_not_count(place: Path, tmp_path: Path) -> None:
    (tmp_path / ".paaks.yaml").write_text("server: http://above\n")
    assert config.read_project(place).server is None


def test_logins_are_kept_for_their_owner_and_come_back_the_same(environment: dict[str, str]) -> None:
    path = config.config_path(environment)
    logins = Logins(
        "a", {"a": Context("http://a", "t", "ana@x", {"t": "secret"}, {"t": "id"}), "b": Context("http://b")}
    )
    config.write_logins(path, logins)
    assert path.stat().st_mode & 0o777 == 0o600
    assert config.read_logins(path) == logins
    found = logins.find("http://a")
    assert found is not None
    assert found[0] == "a"
    assert logins.find("http://c") is None


@pytest.mark.parametrize("text", ["a: [", "contexts: [1]", "contexts: {a: {}}", "contexts: {a: 3}"])
def test_a_broken_file_of_logins_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(Failure, match=r"config\.yaml"):
        config.read_logins(path)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(Failure):
        url = target.tidy_url(text)
        assert url.startswith(("http://", "https://"))
        assert not url.endswith("/")
        assert target.tidy_url(url) == url


@pytest.mark.parametrize("text", ["", "ftp://x", "http://", "http://a b", "http://u:p@host", "http://x?y"])
def test_what_is_no_server_is_refused(text: str) -> None:
    with pytest.raises(Failure):
        target.tidy_url(text)


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://127.0.0.1:3000", True),
        ("http://localhost", True),
        ("http://[::1]:8080/x", True),
        ("http://hello.demo.localhost:8080/", True),
        ("https://paaks.example", False),
        ("http://10.0.0.1:3000", False),
        ("http://localhost.example", False),
    ],
)
def test_no_proxy_is_asked_for_this_machine(url: str, is_here: bool) -> None:
    assert target.is_loopback(url) is is_here
