"""A pod's unix socket: bound and listened on by the node, handed to each of the pod's processes, published by its path.

The path is the node's, in a directory that no handler can write to. What does not live here: what is said on it.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

_BACKLOG = 1024
_SHORT_PATH = 107  # bytes of a unix socket's path: unix(7)


@contextlib.contextmanager
def _shorten(path: Path) -> Iterator[str]:
    """A name for the path that is short enough: through its directory's descriptor where it is not itself."""
    if len(os.fsencode(path)) <= _SHORT_PATH:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


class Socket:
    """A listening socket at an absolute path; it stays while the pod's processes come and go."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        try:
            with _shorten(path) as name:
                self._listener.bind(name)
            path.chmod(0o600)
            self._listener.listen(_BACKLOG)
        except OSError:
            self._listener.close()
            raise

    def fileno(self) -> int:
        """The descriptor, for a process to accept on."""
        return self._listener.fileno()

    def close(self) -> None:
        """Stop listening: whoever waits is told so, and nobody finds the path any more."""
        self._listener.close()
        self.path.unlink(missing_ok=True)


def connect(path: Path) -> socket.socket:
    """A connection, which waits until a process accepts it. Raises OSError: nobody listens, or too many wait."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        with _shorten(path) as name:
            connection.connect(name)
    except OSError:
        connection.close()
        raise
    return connection
