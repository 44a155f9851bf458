"""One event a line, of the hub and of its libraries alike: text on a terminal, JSON elsewhere.

Bind ids once (`structlog.contextvars.bind_contextvars(tenant_id=…, session_id=…)`) and every line carries them. Log an
event's name and ids; never a body, a token or a phone number (`pseudonyms` is the safety net). Secrets in a library's
errors are masked.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from whatsapp_hub.adapters.security.redaction import Redactor
from whatsapp_hub.main.pseudonyms import Pseudonyms

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Format = Literal["human", "json"]
Wanted = Literal["auto", "human", "json"]

DIM, BRIGHT, WHO, RESET = "\x1b[2m", "\x1b[1m", "\x1b[36m", "\x1b[0m"
LEVELS = {"debug": DIM, "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[1;31m"}

# Libraries whose INFO lines repeat our own events.
CHATTY = (
    *("alembic", "httpx", "httpcore", "asyncio", "taskiq", "engineio", "socketio"),
    *("uvicorn.access", "uvicorn.error"),
)

SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)

# No values of local variables: they hold bodies and secrets.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


_redact = Redactor()


def hide(values: Iterable[str]) -> None:
    """Mask these values in every line."""
    global _redact
    _redact = Redactor(values)


def redacted(text: str) -> str:
    """Return the text without secrets."""
    return _redact(text)


def _without_secrets(_: WrappedLogger, __: str, rendered: EventDict | str) -> str:
    """Mask secrets in the finished line; the last processor."""
    return redacted(str(rendered))


def format_for(wanted: Wanted) -> Format:
    """Resolve LOG_FORMAT: `auto` is text on a terminal, else JSON."""
    if wanted != "auto":
        return wanted
    return "human" if sys.stderr.isatty() else "json"


def configure_logging(level: Level, role: str, wanted: Wanted = "auto", secret: str | None = None) -> None:
    """Configure structlog and the standard library's loggers, on stderr; every line names the process's role. `secret`
    is HUB_SECRET_KEY: a customer's pseudonym depends on it."""
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
    handler.setFormatter(_formatter(format_for(wanted), Pseudonyms(secret, redacted)))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    warnings.formatwarning = _warning
    sys.excepthook = _log_uncaught
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _formatter(form: Format, pseudonyms: Pseudonyms) -> logging.Formatter:
    rendering: list[Processor] = [_TRACEBACKS, pseudonyms, structlog.processors.JSONRenderer()]
    if form == "human":
        rendering = [structlog.processors.format_exc_info, pseudonyms, ForPeople(coloured=_shows_colours())]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=(*SHARED, structlog.stdlib.ExtraAdder(), _plain),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering, _without_secrets],
    )


def _plain(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop uvicorn's coloured copy of its message."""
    event.pop("color_message", None)
    return event


def _shows_colours() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


class ForPeople:
    """Render `11:20:03  worker      sequencer.leads  key=value`, with a level other than info and a traceback below.

    The time is this machine's local time. Control characters are escaped.
    """

    def __init__(self, *, coloured: bool) -> None:
        self._coloured = coloured

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> str:
        at = datetime.fromisoformat(event.pop("timestamp")).astimezone()
        level, role, what = event.pop("level"), event.pop("role", ""), _printable(event.pop("event"))
        event.pop("logger", None)
        below = [text for name in ("exception", "stack") if (text := event.pop(name, None))]
        words = [self._in(DIM, f"{at:%H:%M:%S}"), self._in(WHO, f"{role:<10}")]
        words += [] if level == "info" else [self._in(LEVELS.get(level, ""), level.upper())]
        details = (f"{self._in(DIM, f'{name}=')}{_printable(value)}" for name, value in event.items())
        return "\n".join(["  ".join([*words, self._in(BRIGHT, what), " ".join(details)]).rstrip(), *below])

    def _in(self, style: str, text: str) -> str:
        return f"{style}{text}{RESET}" if self._coloured and style else text


def _printable(value: object) -> str:
    text = str(value)
    return text if text.isprintable() else repr(text)


def _warning(message: Warning | str, category: type[Warning], filename: str, lineno: int, line: object = None) -> str:
    return f"{category.__name__}: {message} ({filename}:{lineno})"


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log an uncaught exception as a line like any other."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger(__name__).critical("process.failed", exc_info=(kind, error, trace))
