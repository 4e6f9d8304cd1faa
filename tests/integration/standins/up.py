"""`paaks up` as it is, but starting the stand-ins: `python up.py [options of paaks up]`."""

import dataclasses
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[0] = str(HERE.parents[2])

from cli import __main__, platform, up  # noqa: E402

up.run = lambda settings, run=up.run: run(  # type: ignore[misc,assignment]
    dataclasses.replace(settings, root=HERE, backoff=platform.Backoff(first=0.05, longest=0.2, patience=3))
)
sys.argv[1:1] = ["up"]
__main__.main()
