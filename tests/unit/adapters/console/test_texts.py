"""Codes that reach the console as plain strings stand in words in every language; others are typed there."""

import re
from pathlib import Path

import pytest

from whatsapp_hub.adapters.console import serving
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.conversations.reasons import RoutingCode
from whatsapp_hub.domain.sessions.status_reason import StatusReason

MESSAGES = Path(serving.__file__).parent / "app/messages"
ROUTING = re.compile(r"^  reasons: \{\n(.*?)^  \},$", re.DOTALL | re.MULTILINE)
STATUS = re.compile(r"^    reasons: \{\n(.*?)^    \},$", re.DOTALL | re.MULTILINE)


def texts(language: Language, block: re.Pattern[str]) -> dict[str, str]:
    """Read one list of texts, by code."""
    found = block.search((MESSAGES / language / "pages.ts").read_text())
    assert found, block.pattern
    return dict(re.findall(r'^ +([a-z_]+): "(.+)",$', found[1], re.MULTILINE))


@pytest.mark.parametrize("language", Language)
def test_every_reason_of_routing_has_words(language: Language) -> None:
    assert set(texts(language, ROUTING)) == set(RoutingCode)


@pytest.mark.parametrize("language", Language)
def test_every_reason_of_a_numbers_status_has_words(language: Language) -> None:
    assert set(texts(language, STATUS)) == set(StatusReason) - {StatusReason.OTHER}


@pytest.mark.parametrize("language", Language)
def test_the_words_of_a_reason_name_the_same_values_in_every_language(language: Language) -> None:
    named = {code: set(re.findall(r"\{(\w+)\}", words)) for code, words in texts(Language.PT_BR, ROUTING).items()}
    assert {code: set(re.findall(r"\{(\w+)\}", words)) for code, words in texts(language, ROUTING).items()} == named
