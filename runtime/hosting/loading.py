"""A handler's file → what answers its requests: its WSGI `app`, or its `Handler`'s `run`.

What does not live here: what is done with either (`application.py`, `serve.py`).
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

Run = Callable[[Any], Any]


class Unusable(Exception):
    """The file was loaded and is no handler; the message says what is missing."""


def load_module(directory: str, handler: str) -> ModuleType:
    """The module in the file `handler`, a path below `directory`. Raises what its code raises."""
    path = os.path.join(directory, handler)
    name = handler.removesuffix(".py").replace("/", ".")
    if name in sys.modules:  # a handler called json.py must not become everybody's json
        name = f"handler.{name}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Unusable(f"{handler} is not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def find_application(module: ModuleType) -> Callable[..., Any] | None:
    """The module's WSGI `app`, if it has one. Raises Unusable where `app` is something else."""
    app = getattr(module, "app", None)
    if app is not None and not callable(app) and not hasattr(module, "Handler"):
        raise Unusable("`app` is not a WSGI application: it cannot be called")
    return app if callable(app) else None


def make_handler(module: ModuleType) -> Run:
    """`run` of the module's `Handler`, created here. Raises Unusable, or what its constructor raises."""
    kind = getattr(module, "Handler", None)
    if kind is None:
        raise Unusable("there is neither a `class Handler` with `run(self, req)` nor a WSGI `app`")
    handler = kind()
    run: Run | None = getattr(handler, "run", None)
    if not callable(run):
        raise Unusable("`Handler` has no method `run(self, req)`")
    if inspect.iscoroutinefunction(run):
        raise Unusable("`Handler.run` is `async`: it must be an ordinary method")
    return run
