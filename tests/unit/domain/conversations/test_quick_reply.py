"""Quick replies: what is not known leaves no hole in the text."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, TENANT
from whatsapp_hub.domain.conversations.quick_reply import VARIABLES, QuickReply
from whatsapp_hub.domain.ids import QuickReplyId

NAME, AGENT = "{{customerName}}", "{{ agentName }}"


def filled(content: str, **values: str | None) -> str:
    reply = QuickReply(QuickReplyId(UUID(int=9)), TENANT, "oi", content, NOW, NOW)
    return reply.filled(values)


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (f"Oi {NAME}, tudo bem?", "Oi, tudo bem?"),
        (f"Oi, {NAME}, tudo bem?", "Oi, tudo bem?"),
        (f"Olá, {NAME}! Em que posso ajudar?", "Olá! Em que posso ajudar?"),
        (f"{NAME}, tudo bem?", "Tudo bem?"),
        (f"{NAME}: seu pedido saiu.", "Seu pedido saiu."),
        (f"Bom dia {NAME}", "Bom dia"),
        (f"Bom dia, {NAME}\nSou a Ana.", "Bom dia\nSou a Ana."),
        (f"Obrigado {NAME} pela visita.", "Obrigado pela visita."),
        (f"Oi *{NAME}*, tudo bem?", "Oi, tudo bem?"),
        (f"Cliente ({NAME}) anotado", "Cliente anotado"),
        (f"Oi {NAME}! Aqui é {AGENT}.", "Oi! Aqui é."),
        ("Um espaço  duplo , assim", "Um espaço  duplo , assim"),
    ],
)
def test_a_contact_without_a_name_is_greeted_without_a_hole(content: str, sent: str) -> None:
    assert filled(content, customerName=None) == sent
    assert filled(content, customerName="  ") == sent


def test_what_is_known_is_put_in_as_it_is() -> None:
    assert filled(f"Oi {NAME}, tudo bem?", customerName=" Ana \\1 ") == "Oi Ana \\1, tudo bem?"


pieces = st.sampled_from([*(f"{{{{{name}}}}}" for name in VARIABLES), " ", ",", "!", "Oi", "tudo", "\n", "*", "(", ")"])


@given(st.lists(pieces, min_size=1, max_size=12).map("".join).filter(str.strip))
def test_a_gap_never_leaves_a_space_before_a_sign_that_was_not_there(content: str) -> None:
    sent = filled(content)
    assert "\0" not in sent
    assert "{" not in sent
    for sign in (" ,", " !"):
        assert sent.count(sign) <= content.count(sign)
    assert filled(content, **dict.fromkeys(VARIABLES, "X")).count("X") == content.count("{{")
