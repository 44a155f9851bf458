"""What processes write to a terminal, and elsewhere."""

import json
import os
import pty
import re
import subprocess
import sys

SAYS = """
import logging
from whatsapp_hub.main.logging import configure_logging
configure_logging("INFO", "api", %r)
logging.getLogger("uvicorn.error").warning("Started", extra={"color_message": "twice"})
raise LookupError("nothing there")
"""


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
