"""Where a process that serves a handler begins; run as a script by the handlers' own Python.

    python host.py                 serve the handler of the working directory on $PORT (8080), as in the image
    python host.py --zygote FD     stay warm and fork a host for each pod that the control socket asks for

What does not live here: everything that is done (`hosting/`). It is loaded under a name that no module of a handler
has, and its place is not on `sys.path`: a handler finds its own modules and its packages, and nothing of ours.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import sys
from types import ModuleType

_NAME = "_paaks_hosting"
_HERE = os.path.dirname(os.path.abspath(__file__))


def load_hosting() -> ModuleType:
    """The package `hosting/` beside this file, under its private name."""
    directory = os.path.join(_HERE, "hosting")
    spec = importlib.util.spec_from_file_location(
        _NAME, os.path.join(directory, "__init__.py"), submodule_search_locations=[directory]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{directory} cannot be loaded")
    package = sys.modules[_NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    return package


def main(arguments: list[str]) -> int:
    """Serve one handler, or be the zygote; the exit code."""
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != _HERE]
    is_zygote = arguments[:1] == ["--zygote"]
    if not is_zygote:
        # Process 1 of a container gets no signal that it does not handle: without this, one that is asked to end
        # while its handler is being loaded would sit out its whole grace period.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    load_hosting()
    if is_zygote:
        code: int = importlib.import_module(f"{_NAME}.fork_server").serve_forks(int(arguments[1]))
    else:
        code = importlib.import_module(f"{_NAME}.serve").serve_port(os.environ)
    return code


if __name__ == "__main__":
    # A thread that a handler has left running is not waited for.
    os._exit(main(sys.argv[1:]))
