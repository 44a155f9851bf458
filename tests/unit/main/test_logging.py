import json
import logging

import pytest
import structlog

from whatsapp_hub.main.logging import configure_logging


def test_lines_are_json_with_bound_ids_and_the_role(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging("INFO", "api")
        with structlog.contextvars.bound_contextvars(session_id="s1"):
            structlog.get_logger("a").info("message_sent", message_id="m1")
            logging.getLogger("library").warning("slow %s", "query", extra={"took_ms": 7})
            structlog.get_logger("a").debug("unseen")
        ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    finally:
        logging.basicConfig(level=level, handlers=handlers, force=True)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    assert (ours["event"], ours["message_id"], ours["session_id"], ours["role"]) == ("message_sent", "m1", "s1", "api")
    assert (theirs["event"], theirs["session_id"], theirs["level"]) == ("slow query", "s1", "warning")
    assert theirs["took_ms"] == 7
