import json
import logging
import os
import pty
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest
import structlog

from whatsapp_hub.main.logging import configure_logging, format_for
from whatsapp_hub.main.settings import Settings, SettingsError

SAYS = """
import logging
from whatsapp_hub.main.logging import configure_logging
configure_logging("INFO", "api", %r)
logging.getLogger("uvicorn.error").warning("Started", extra={"color_message": "twice"})
raise LookupError("nothing there")
"""


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


def on_a_terminal(program: str, **environ: str) -> str:
    """What a process shows whose stderr is a terminal."""
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", program], stderr=theirs, check=False, env={**os.environ, **environ})
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # Linux: the end
        pass
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def test_a_terminal_shows_time_who_and_what_libraries_and_the_end_included() -> None:
    shown = on_a_terminal(SAYS % "auto", NO_COLOR="1")
    first, second, *rest = shown.splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d  api         WARNING  Started", first)
    assert re.fullmatch(r"\d\d:\d\d:\d\d  api         CRITICAL  process.failed", second)
    assert rest[-1] == "LookupError: nothing there"
    assert "\x1b[" not in shown
    assert "\x1b[" in on_a_terminal(SAYS % "auto", NO_COLOR="")


def test_json_may_be_asked_for_on_a_terminal_and_text_elsewhere() -> None:
    lines = [json.loads(line) for line in on_a_terminal(SAYS % "json").splitlines()]
    assert [line["event"] for line in lines] == ["Started", "process.failed"]
    assert "color_message" not in lines[0]
    elsewhere = subprocess.run([sys.executable, "-c", SAYS % "human"], capture_output=True, text=True, check=False)
    assert "api         WARNING  Started" in elsewhere.stderr
    assert "\x1b[" not in elsewhere.stderr
    piped = subprocess.run([sys.executable, "-c", SAYS % "auto"], capture_output=True, text=True, check=False)
    assert all(json.loads(line) for line in piped.stderr.splitlines())


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
