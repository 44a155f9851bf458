"""One event a line: JSON, or coloured text on a terminal.

Bind ids once (`structlog.contextvars.bind_contextvars(tenant_id=…, session_id=…)`) and every line carries them. Log an
event's name and ids; never a body, a token or a full phone number.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import Processor

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

# Libraries that say at INFO what our own events say better.
CHATTY = ("alembic", "httpx", "httpcore", "asyncio", "taskiq", "engineio", "socketio", "uvicorn.access")

SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)

# Without the values of local variables: they hold bodies and secrets.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


def configure_logging(level: Level, role: str) -> None:
    """For structlog and the standard library's loggers alike, on stderr; every line names the process's role."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(console=sys.stderr.isatty()))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _formatter(*, console: bool) -> logging.Formatter:
    rendering: list[Processor] = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    if not console:
        rendering = [_TRACEBACKS, structlog.processors.JSONRenderer()]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=(*SHARED, structlog.stdlib.ExtraAdder()),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
