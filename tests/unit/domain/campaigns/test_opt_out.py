"""Words that end campaigns, and the card that remembers it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from whatsapp_hub.domain.campaigns.opt_out import Choice, OptOut, OptOutReason, choice_in, confirmation
from whatsapp_hub.domain.messaging.contact import Card

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("said", ["SAIR", "sair.", " Sair! ", "STOP", "stop all", "Baja", "NÃO QUERO RECEBER", "Parar"])
def test_a_word_alone_ends_campaigns_in_every_language(said: str) -> None:
    found = choice_in(said)
    assert found
    assert found[0] is Choice.STOP


@pytest.mark.parametrize("said", ["VOLTAR", "start", "Alta", "quero receber"])
def test_a_word_alone_asks_for_them_again(said: str) -> None:
    assert (choice_in(said) or [None])[0] is Choice.RESUME


@pytest.mark.parametrize("said", ["", "quero sair mais cedo", "não pare", "stop it please now", "oi", "1", "x" * 5000])
def test_other_words_do_not(said: str) -> None:
    assert choice_in(said) is None


def test_the_confirmation_names_the_word_back() -> None:
    for language, word in (("pt-BR", "VOLTAR"), ("en", "START"), ("es", "ALTA"), ("fr", "VOLTAR")):
        assert word in confirmation(Choice.STOP, language)
        assert (choice_in(word) or [None])[0] is Choice.RESUME


def test_one_person_who_opted_out_as_one_of_two_contacts_opted_out() -> None:
    early, late = OptOut(AT, OptOutReason.WORD, "sair"), OptOut(AT + timedelta(1), OptOutReason.HAND)
    assert Card().merged(Card(opted_out=late)).opted_out == late
    assert Card(opted_out=late).merged(Card(opted_out=early)).opted_out == early
