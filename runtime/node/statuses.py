"""Status documents: how the Kubernetes API says that something was done, or refused. Pure."""

from __future__ import annotations

from runtime.node.kinds import Kind, Object
from runtime.node.objects import Refusal

# Said with everything that the node does not do.
WAY = "what runs here is what main says; change it with a commit and `git push`"
_STATUS: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}}


def describe_refusal(refusal: Refusal) -> Object:
    """A Status of failure."""
    status = _STATUS | {"status": "Failure", "message": refusal.message, "reason": refusal.reason}
    details = {"details": refusal.details} if refusal.details else {}
    return status | details | {"code": refusal.code}


def describe_deletion(kind: Kind, gone: Object) -> Object:
    """A Status of success: the object is gone."""
    metadata = gone["metadata"]
    details = {"name": metadata["name"], "group": kind.group, "kind": kind.plural, "uid": metadata["uid"]}
    return _STATUS | {"status": "Success", "details": details}


def bad_request(message: str) -> Refusal:
    """400: the request cannot be read."""
    return Refusal(400, "BadRequest", message)


def not_found() -> Refusal:
    """404 for a path where nothing is."""
    return Refusal(404, "NotFound", "the server could not find the requested resource")


def not_offered(what: str, kind: Kind) -> Refusal:
    """405: the node does not do this with any object of the kind."""
    message = f"{what} is not offered for {kind.resource} by the embedded node: {WAY}"
    return Refusal(405, "MethodNotAllowed", message, {"group": kind.group, "kind": kind.plural})


def wrong_media_type(given: str) -> Refusal:
    """415: a patch that is neither a server-side apply nor a merge patch."""
    message = f"the embedded node takes server-side apply and merge patches, not {given!r}: {WAY}"
    return Refusal(415, "UnsupportedMediaType", message)


def unauthorized() -> Refusal:
    """401: no token, or a wrong one."""
    return Refusal(401, "Unauthorized", "Unauthorized")
