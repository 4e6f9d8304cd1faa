"""A handler that a child in reserve loads before its order comes: what loading needs is its own then."""


class Handler:
    """Answers nothing."""

    def run(self, _req: object) -> str:
        """Nothing."""
        return ""
