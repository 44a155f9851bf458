"""Each right that a key may be given stands in words on the console's page of keys, in every language."""

import re
from pathlib import Path

import pytest

from whatsapp_hub.adapters.console import serving
from whatsapp_hub.domain.accounts.access import POLICY, name_of
from whatsapp_hub.domain.accounts.user import Role

MESSAGES = Path(serving.__file__).parent / "app/messages"


@pytest.mark.parametrize("language", ["pt-BR", "en", "es"])
def test_every_right_of_an_administrator_has_words(language: str) -> None:
    rights = (MESSAGES / language / "admin.ts").read_text().partition("rights: {")[2].partition("},")[0]
    assert set(re.findall(r'"([a-z-]+)":', rights)) == {name_of(action) for action in POLICY[Role.ADMIN]}
