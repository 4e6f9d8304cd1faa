"""The node's own log: one JSON object a line on stderr, also from the libraries below. Not the handlers' logs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

import structlog
from structlog.typing import Processor

COMPONENT = "node"
_SHARED: Sequence[Processor] = (
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
    structlog.processors.format_exc_info,
)


def configure_logging(form: str) -> structlog.stdlib.BoundLogger:
    """Log lines with `ts level event component …`, as JSON or, where `form` is `text`, for people."""
    renderer: Processor = structlog.processors.JSONRenderer()
    if form == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    handler = logging.StreamHandler(sys.stderr)
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, _name_component], processors=[remove_meta, renderer]
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(component=COMPONENT)
    return logger


def _name_component(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event.setdefault("component", COMPONENT)
    return event
