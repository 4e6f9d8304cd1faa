"""Every verb of `paaks`: its heading and its line in the help, and where it is defined. Imports none of them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import cast

import click


@dataclass(frozen=True)
class Entry:
    """One verb: `target` is `module:attribute` under `cli`."""

    name: str
    heading: str
    summary: str
    target: str
    hidden: bool = False

    def load(self) -> click.Command:
        """Import the command."""
        module, _, attribute = self.target.partition(":")
        return cast(click.Command, getattr(importlib.import_module(f"cli.{module}"), attribute))


RUN, START, WORK, LOOK, PEOPLE, MORE = "Platform", "Start", "Change", "Look", "People", "More"
HEADINGS = (RUN, START, WORK, LOOK, PEOPLE, MORE)

ENTRIES = (
    Entry("up", RUN, "Run the platform on this machine.", "up:up"),
    Entry("migrate", RUN, "Bring a system database to this version's schema.", "commands.migrate:migrate"),
    Entry("install", RUN, "Print what installs PaaKS on a Kubernetes.", "commands.install:install"),
    Entry("prepare", RUN, "Make the data directory.", "commands.container:prepare", hidden=True),
    Entry("database", RUN, "Be the embedded database.", "commands.container:database", hidden=True),
    Entry("doctor", RUN, "What is wrong between here and a service.", "commands.doctor:doctor"),
    Entry("login", START, "Sign in, and keep a token for this machine.", "commands.account:login"),
    Entry("clone", START, "Get a tenant's repository; `git push` there deploys.", "commands.clone:clone"),
    Entry("new", START, "Begin a service.", "commands.services:new"),
    Entry("deploy", WORK, "Commit what lies here and see it go live.", "commands.deploy:deploy"),
    Entry("check", WORK, "What a push would be refused for; needs no server.", "commands.check:check"),
    Entry("diff", WORK, "What differs from what is live, or between commits.", "commands.diff:diff"),
    Entry("rollback", WORK, "Go back to an earlier revision, as a new commit.", "commands.history:rollback"),
    Entry("files", WORK, "Files of services, without a clone.", "commands.files:files"),
    Entry("reconcile", WORK, "Look now.", "commands.reconcile:reconcile"),
    Entry("render", WORK, "The objects that services become; needs no server.", "commands.check:render"),
    Entry("status", LOOK, "How the services are doing, or one of them.", "commands.status:status"),
    Entry("call", LOOK, "Call a service.", "commands.call:call"),
    Entry("logs", LOOK, "What services log.", "commands.logs:logs"),
    Entry("history", LOOK, "The releases there were.", "commands.history:history"),
    Entry("services", LOOK, "List, describe, create and delete services.", "commands.services:services"),
    Entry("open", LOOK, "Open a service in a browser.", "commands.about:open_command"),
    Entry("whoami", PEOPLE, "Who the server takes you for.", "commands.account:whoami"),
    Entry("logout", PEOPLE, "Revoke and forget this machine's token.", "commands.account:logout"),
    Entry("tokens", PEOPLE, "Personal access tokens.", "commands.tokens:tokens"),
    Entry("tenants", PEOPLE, "List and make tenants.", "commands.people:tenants"),
    Entry("users", PEOPLE, "List and make users.", "commands.people:users"),
    Entry("help", MORE, "Say more of a command, or of a topic such as exit-codes.", "commands.about:help_command"),
    Entry("version", MORE, "The version, and what it runs on.", "commands.about:version"),
    Entry("completion", MORE, "What makes a shell complete our words.", "commands.about:completion"),
)
_BY_NAME = {entry.name: entry for entry in ENTRIES}


def find(name: str) -> Entry | None:
    """The entry of a verb, or None."""
    return _BY_NAME.get(name)
