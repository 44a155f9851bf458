"""The domain's names as clients and stored JSON have them."""

import pytest

from whatsapp_hub.adapters.contracts.wire import (
    ClientFlaw,
    camel,
    client_text,
    in_clients_words,
    level_shown,
    read_level,
    read_retention,
    retention_shown,
)
from whatsapp_hub.domain.errors import Flaw, Invalid, NotFound
from whatsapp_hub.domain.privacy.retention import FOR_EVER, Retention
from whatsapp_hub.domain.service.service_level import USUAL, ServiceLevel


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("max_agents", "maxAgents"),
        ("name", "name"),
        ("phoneNumberId", "phoneNumberId"),
        ("Last-Event-ID", "Last-Event-ID"),
    ],
)
def test_names_are_camel_case_for_clients(name: str, shown: str) -> None:
    assert camel(name) == shown


@pytest.mark.parametrize(
    ("pointer", "shown"),
    [
        ("/max_agents", "/maxAgents"),
        ("/retention/media_days", "/retention/mediaDays"),
        ("/settings/my_own", "/settings/my_own"),
        ("/texts/ask_again", "/texts/ask_again"),
        ("/actions/department_id", "/actions/departmentId"),
        ("/conditions/words/0", "/conditions/words/0"),
        ("", ""),
    ],
)
def test_a_flaw_names_our_fields_as_clients_do_and_theirs_as_they_wrote_them(pointer: str, shown: str) -> None:
    error = in_clients_words(Invalid(Flaw(pointer, "must not be empty")))
    assert [flaw.pointer for flaw in error.flaws] == [shown]


def test_what_a_client_named_stays_as_it_is() -> None:
    error = Invalid(ClientFlaw("/instance_name", "must not be empty"), Flaw("/user_id", "is missing"))
    assert client_text(error) == "instance_name must not be empty; userId is missing"


def test_other_errors_keep_their_text() -> None:
    assert client_text(NotFound("user", "a_b")) == "user a_b not found"


def test_a_service_level_is_read_as_it_was_shown() -> None:
    for level in (ServiceLevel(), USUAL, ServiceLevel(1, 2, 3, asks_rating=True)):
        assert read_level(level_shown(level)) == level
    assert level_shown(USUAL) == {
        "firstResponseTargetMinutes": None,
        "resolutionTargetMinutes": None,
        "targetWarningPercent": 80,
        "asksRating": False,
        "resolveQuietAfterHours": 0,
    }


def test_retention_is_read_as_it_was_shown() -> None:
    wanted = Retention(conversations=365, media=90, updates=1)
    assert read_retention(retention_shown(wanted)) == wanted
    assert set(retention_shown(FOR_EVER).values()) == {None}
    assert retention_shown(wanted)["conversationsDays"] == 365
