"""The house limits, measured rather than remembered (see CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("core", "controller", "api", "runtime", "cli")
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if ".venv" not in path.parts]
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60
WORDLESS = {"utils", "util", "helpers", "common", "manager", "misc"}
FOLDERS = {*PACKAGES, "repo-template", "manifests", "web", "tests", "docs", ".ci"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_module_keeps_the_house_limits(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]

    assert ast.get_docstring(tree) or not tree.body, "say in the first lines what this module is for"
    assert len(source.splitlines()) <= MAX_MODULE_LINES
    assert [f.name for f in functions if (f.end_lineno or f.lineno) - f.lineno >= MAX_FUNCTION_LINES] == []
    assert [f.name for f in functions if not _is_typed(f)] == []
    assert path.stem not in WORDLESS


def _is_typed(function: Function) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return function.returns is not None and all(a.annotation or a.arg in ("self", "cls") for a in arguments)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_promise_is_left_in_the_code(path: Path) -> None:
    assert re.findall(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b", path.read_text()) == []


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_bare_except(path: Path) -> None:
    handlers = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ExceptHandler)]

    assert [handler.lineno for handler in handlers if handler.type is None] == []


NAMELESS = [path for path in MODULES if "runtime" not in path.parts and path != ROOT / "core" / "names.py"]


@pytest.mark.parametrize("path", NAMELESS, ids=_name)
def test_no_name_is_built_outside_names(path: Path) -> None:
    tree = ast.parse(path.read_text())
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in documentation]
    name = re.compile(r"tnt-|paaks\.dev/|internal/live")

    assert [text.lineno for text in texts if isinstance(text.value, str) and name.search(text.value)] == []


def test_there_is_no_other_folder() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split("/")[0] for line in listed.splitlines() if "/" in line} <= FOLDERS


def test_lock_files_name_no_address() -> None:
    locks = [*ROOT.glob("requirements*.lock"), *ROOT.glob("*/requirements.lock")]
    assert [path.name for path in locks if "://" in path.read_text()] == []


def test_kubernetes_is_asked_all_that_the_embedded_platform_is() -> None:
    embedded, installed = (ROOT / "tests" / name for name in ("acceptance", "cluster/acceptance"))
    assert {path.name for path in embedded.glob("test_*.py")} == {path.name for path in installed.glob("test_*.py")}


# -- the web

WEB = [
    path
    for kind in ("*.ts", "*.tsx", "*.css", "*.js")
    for path in sorted((ROOT / "web").rglob(kind))
    if not {"node_modules", "dist", "dist.new"} & set(path.parts) and path.name != "schema.d.ts"
]
MAX_WEB_LINES = 200
MAX_WEB_DEPENDENCIES = 8  # at run time, all of CodeMirror counted as one


@pytest.mark.parametrize("path", WEB, ids=_name)
def test_web_files_keep_the_house_limits(path: Path) -> None:
    source = path.read_text()

    assert len(source.splitlines()) <= MAX_WEB_LINES
    assert re.findall(r"\b(TODO|FIXME|XXX|HACK)\b", source) == []
    assert path.stem.split(".")[0] not in WORDLESS
    if path.suffix in (".ts", ".tsx"):
        assert re.findall(r"(?::|<|\||\bas) ?any\b|@ts-(?:ignore|nocheck|expect-error)|eslint-disable", source) == []
        assert "dangerouslySetInnerHTML" not in source


def test_web_has_few_dependencies() -> None:
    listed = json.loads((ROOT / "web" / "package.json").read_text())["dependencies"]
    editor = ("@codemirror/", "@lezer/", "style-mod")

    assert len({"codemirror" if name.startswith(editor) else name for name in listed}) <= MAX_WEB_DEPENDENCIES


def test_web_lock_names_no_registry() -> None:
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]

    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in packages.items() if name)
