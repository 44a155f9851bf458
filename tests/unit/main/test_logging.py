import json
import logging
import sys
import warnings
from collections.abc import Iterator

import pytest
import structlog

from whatsapp_hub.main.logging import configure_logging, format_for
from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import Settings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root, hook, shown = logging.getLogger(), sys.excepthook, warnings.formatwarning
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    logging.basicConfig(level=level, handlers=handlers, force=True)
    sys.excepthook, warnings.formatwarning = hook, shown
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_the_format_is_a_setting() -> None:
    assert Settings.from_environment({"LOG_FORMAT": "JSON"}).log_format == "json"
    with pytest.raises(SettingsError, match=r"^LOG_FORMAT: "):
        Settings.from_environment({"LOG_FORMAT": "xml"})
    assert (format_for("human"), format_for("json")) == ("human", "json")


def test_what_would_move_the_cursor_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "api", "human")
    structlog.get_logger("a").warning("call.failed", why="x\x1b[2J\nforged line")
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith(r"WARNING  call.failed  why='x\x1b[2J\nforged line'")


def test_warnings_are_lines_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "api", "json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"].startswith("DeprecationWarning: old (")
    assert "\\n" not in line


def test_lines_are_json_with_bound_ids_and_the_role(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "api")
    with structlog.contextvars.bound_contextvars(session_id="s1"):
        structlog.get_logger("a").info("message_sent", message_id="m1")
        logging.getLogger("library").warning("slow %s", "query", extra={"took_ms": 7})
        structlog.get_logger("a").debug("unseen")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["message_id"], ours["session_id"], ours["role"]) == ("message_sent", "m1", "s1", "api")
    assert (theirs["event"], theirs["session_id"], theirs["level"]) == ("slow query", "s1", "warning")
    assert theirs["took_ms"] == 7
