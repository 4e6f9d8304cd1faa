"""What `paaks help TOPIC` says beyond the commands: exit codes, variables, formats, what a service is, each problem.

What does not live here: the commands' own help (Click prints it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cli.failure import MEANING

_ENVIRONMENT = """\
A flag wins over a variable, a variable over ./.paaks.yaml (server, tenant), that over what `paaks clone` wrote into the
clone's git configuration, that over $XDG_CONFIG_HOME/paaks/config.yaml (logins), and last comes the `paaks up` of this
machine.

PAAKS_SERVER     the api's address
PAAKS_TENANT     the tenant
PAAKS_CONTEXT    the login to use, of several
PAAKS_TOKEN      a personal access token, for scripts; it is not sent to a server that only a file names
PAAKS_PASSWORD   the password for `paaks login`, for scripts
PAAKS_OUTPUT     table, wide, json, yaml, name or jsonl
PAAKS_TIMEOUT    how long to wait, where a command waits: 30s, 2m
PAAKS_DEBUG      api: show each request
PAAKS_NO_COLOR   no colour, as NO_COLOR
PAAKS_DATA       where `paaks up` keeps everything, and where the client looks for it
EDITOR           for `paaks files edit`"""
_FORMATTING = """\
-o table   for people and for awk: no cell has a space in it but the last column's; - for none; ages as 2m
-o wide    the same with more columns and whole times
-o json    the API's own object: a list is {"items": [...]}
-o yaml    the same as YAML
-o name    a name a line
-o jsonl   an object a line

--no-headers leaves the heading out. Results go to standard output, progress of a push and errors to standard error.
Where standard output is no terminal there is no colour, and a line for each change instead of one that grows."""
_SERVICE = """\
A top-level directory with a service.yaml is a service. The file may be empty.

handler: handler.py      a .py file in the service
public: false            may anybody call it?
replicas: 1              1 to 10 processes
timeout: 30s             1s to 600s, until the answer's head
env: {KEY: text}         taken literally
resources: {memory: 128Mi, cpu: 100m}
egress: public           or none
name: shop               only at the repository's root, which then is the one service"""
_HANDLER = """\
class Handler:
    def __init__(self):      # once per process
        self.greeting = "hello"

    def run(self, req):      # Flask's request, in one of 16 threads
        return {self.greeting: req.args.get("name", "world")}

run returns what a Flask view may return. req.path is the path below the service. The service's directory is the working
directory and first on sys.path. print, logging and tracebacks go to `paaks logs`. A module-level WSGI `app` is served
instead, if there is one."""


def _list_exit_codes() -> str:
    return "\n".join(f"{code.value:>3}  {meaning}" for code, meaning in MEANING.items())


def _list_problems() -> str:
    from core.problems import CATALOGUE

    return "\n".join(f"problems/{kind.slug:<26} {kind.status}  {kind.title}" for kind in CATALOGUE.values())


TOPICS: Mapping[str, Callable[[], str]] = {
    "exit-codes": _list_exit_codes,
    "environment": lambda: _ENVIRONMENT,
    "formatting": lambda: _FORMATTING,
    "service.yaml": lambda: _SERVICE,
    "handler": lambda: _HANDLER,
    "problems": _list_problems,
}


def find(topic: str) -> str | None:
    """The text of a topic, of `problems/<slug>` too; None where there is none."""
    if topic in TOPICS:
        return TOPICS[topic]()
    section, _, slug = topic.partition("/")
    if section != "problems":
        return None
    from core.problems import CATALOGUE

    kind = CATALOGUE.get(slug)
    return f"{kind.title} ({kind.slug}, HTTP {kind.status})\n\n{kind.text}" if kind else None
