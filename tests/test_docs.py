"""The documentation says all there is, and nothing that is not: settings, commands, routes, problems, links."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import describe_routes
from core.problems import CATALOGUE
from core.process import NOT_SETTINGS

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"


def read_rows(page: str) -> Iterator[list[str]]:
    """The cells of every table row of a page, without the heads' rules."""
    for line in (REFERENCE / page).read_text().splitlines():
        if line.startswith("|") and not set(line) <= set("|- "):
            yield [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def unquote(cell: str) -> str:
    """A cell without its code marks."""
    return cell.strip("`")


# -- problems


def test_every_problem_is_documented_as_the_catalogue_has_it() -> None:
    documented = {unquote(row[0]): row[1:] for row in read_rows("problems.md") if row[0].startswith("`")}

    assert documented == {kind.slug: [str(kind.status), kind.title, kind.text] for kind in CATALOGUE.values()}


# -- settings


def read_settings() -> Iterator[str]:
    """Every `PAAKS_*` variable that is read: fields of the settings' classes, and what the command line names."""
    for package in ("api", "controller", "runtime"):
        for module in sorted((ROOT / package).rglob("*.py")):
            if module.stem in ("settings", "__main__") and ".venv" not in module.parts:
                yield from read_fields(module)
    for module in (ROOT / "cli").rglob("*.py"):
        yield from re.findall(r"\bPAAKS_[A-Z][A-Z_]*[A-Z]\b", module.read_text())
    yield from (name for name in NOT_SETTINGS if not name.startswith("PAAKS_TEST_"))


def read_fields(module: Path) -> Iterator[str]:
    """The variables of a module's `Settings`."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Settings"):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    yield f"PAAKS_{field.target.id.upper()}"


def test_every_setting_is_documented_and_none_that_is_not() -> None:
    documented = {unquote(row[0]) for row in read_rows("settings.md") if row[0].startswith("`PAAKS_")}

    assert documented == set(read_settings())


# -- routes


def documented_routes() -> Iterator[tuple[str, str]]:
    """Method and path of each row, parameters without their names."""
    for row in read_rows("http.md"):
        if len(row) >= 2 and re.fullmatch(r"`[A-Z]+`", row[0]):
            yield unquote(row[0]), anonymise(expand(unquote(row[1])))


BARE = ("/livez", "/readyz", "/healthz", "/metrics", "/openapi.json", "/docs")


def expand(path: str) -> str:
    """A path as the page writes it, in full."""
    if path == "T" or path.startswith("T/"):
        return "/api/v1/tenants/{}" + path[1:]
    return path if path in BARE else "/api/v1" + path


def anonymise(path: str) -> str:
    """`/tenants/{slug}` → `/tenants/{}`."""
    return re.sub(r"\{[^}]*\}(\.\.\.\{[^}]*\})?", "{}", path)


def test_every_route_is_documented_and_none_that_is_not() -> None:
    described = {
        (method.upper(), anonymise(path))
        for path, operations in describe_routes()["paths"].items()
        for method in operations
    }
    pages = {("GET", "/openapi.json"), ("GET", "/docs")}

    assert set(documented_routes()) == described | pages


# -- commands


def test_every_command_is_documented_and_none_that_is_not() -> None:
    from cli.catalogue import ENTRIES

    headings = re.findall(r"^### `paaks ([a-z-]+)", (REFERENCE / "cli.md").read_text(), re.MULTILINE)

    assert sorted(headings) == sorted(entry.name for entry in ENTRIES if not entry.hidden)


# -- pages


CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def pages() -> list[Path]:
    """Every Markdown page that is ours."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines()]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", page.read_text()))
    relative = [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")]

    assert [target for target in relative if not (page.parent / target).exists()] == []


def test_architecture_is_one_page_of_150_lines_with_every_invariant_and_its_test() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rows = re.findall(r"^\| (\d+) \| .* \| (.*) \|$", text, re.MULTILINE)
    tests = [(name, node) for _, cell in rows for name, node in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", cell)]

    assert len(text.splitlines()) <= 150
    assert [int(number) for number, _ in rows] == list(range(1, 12))
    assert all("tests/" in cell or ".importlinter" in cell for _, cell in rows)
    assert [name for name, _ in tests if not (ROOT / name).exists()] == []
    assert [node for name, node in tests if node and f"def {node}(" not in (ROOT / name).read_text()] == []


def test_changelog_has_a_part_for_what_is_not_released() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


def test_decisions_are_numbered_and_whole() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))

    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        for part in ("Context", "Decision", "Alternatives", "Consequences"):
            assert f"**{part}.**" in path.read_text(), f"{path.name} has no {part}"
