"""No line of the log tells who a customer is, and all lines about one can be found."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from whatsapp_hub.main.logging import configure_logging
from whatsapp_hub.main.pseudonyms import Pseudonyms

KEY = "fedcba9876543210fedcba9876543210"
ID = "01a201ca-8950-763e-ad63-869512345678"
SPELLED = (
    "5511999991234",
    "551199991234",
    "+5511999991234",
    "+55 (11) 99999-1234",
    "5511999991234@s.whatsapp.net",
    "5511999991234:12@s.whatsapp.net",
    "551199991234@c.us",
)


@pytest.mark.parametrize("spelling", SPELLED)
def test_a_person_has_one_pseudonym_in_every_spelling(spelling: str) -> None:
    names = Pseudonyms(KEY)
    assert names.hidden(f"to {spelling}: refused") == f"to {names.of('5511999991234')}: refused"


def test_people_keys_and_processes_differ_as_they_should() -> None:
    one = Pseudonyms(KEY).of("5511999991234")
    assert one == Pseudonyms(KEY).of("5511999991234")
    assert len({one, Pseudonyms(KEY).of("5511999991235"), Pseudonyms("another").of("5511999991234")}) == 3
    assert Pseudonyms(None).of("5511999991234") != Pseudonyms(None).of("5511999991234")


@pytest.mark.parametrize(
    "text",
    [
        f"/api/conversations/{ID}/messages",
        "2026-11-26T17:40:51.123456Z",
        "/api/events/1234567",
        "postgres took 12345.678901234 ms",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ],
)
def test_ids_times_and_figures_stay(text: str) -> None:
    assert Pseudonyms(KEY).hidden(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "/sandbox/x/phones/+5511999991234/messages",
        "false_5511999991234@c.us_3EB0ABCDEF",
        "wamid.HBgNNTUxMTk5OTk5MTIzNBUCABEYEjdE",
        "Key (tenant_id, kind, value)=(x, phone, 5511999991234) already exists.",
        "null value violates\nDETAIL:  Failing row contains (x, Ana, 5511999991234,\nsecret words).",
        "invalid input for query argument $3: 'secret words of Ana' (expected str)",
    ],
)
def test_numbers_names_and_words_go(text: str) -> None:
    hidden = Pseudonyms(KEY).hidden(text)
    assert not any(mark in hidden for mark in ("5511999991234", "99991234", "Ana", "secret", "HBgN"))


@pytest.fixture
def restored() -> Iterator[None]:
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    logging.basicConfig(level=level, handlers=handlers, force=True)
    sys.excepthook = hook
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize("form", ["json", "human"])
@pytest.mark.usefixtures("restored")
def test_every_part_of_a_line_is_looked_through(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    configure_logging("DEBUG", "api", form, KEY)  # type: ignore[arg-type] # both forms
    phone, name = "5511999991234", Pseudonyms(KEY).of("5511999991234")
    log = logging.getLogger("somebody's library")
    try:
        raise LookupError(f"no {phone}@c.us")
    except LookupError:
        log.exception("failed for %s", phone, extra={"chat": phone, "deep": {phone: [phone]}, "took_ms": 123456789})
    structlog.get_logger("ours").info("seen", path=f"/x/{phone}")
    assert phone not in shown.getvalue()
    assert shown.getvalue().count(name) >= 6
    assert "123456789" in shown.getvalue()
    if form == "json":
        assert all(json.loads(line)["role"] == "api" for line in shown.getvalue().splitlines())


def test_a_secret_is_taken_out_before_its_digits_are_changed() -> None:
    names = Pseudonyms(KEY, lambda text: text.replace("key-5511999991234-key", "***"))
    assert names.hidden("sent key-5511999991234-key") == "sent ***"
