"""Two live rounds of one person become one: nobody who waits is lost between them (contract G)."""

from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.build import NOW, SALES, conversation, user_id
from whatsapp_hub.domain.conversations.conversation import Conversation, ConversationStatus, FlowState
from whatsapp_hub.domain.conversations.dialogue import Dialogue
from whatsapp_hub.domain.conversations.merging import merge_rounds
from whatsapp_hub.domain.ids import ConversationId

moments = st.integers(1, 9).map(lambda minutes: NOW - timedelta(minutes=minutes))


@st.composite
def rounds(draw: st.DrawFn) -> Conversation:
    """A live round whose customer does not wait, or waits with a time that runs, or is known to supervisors."""
    made = conversation(id=ConversationId(UUID(int=draw(st.integers(1, 2**60)))))
    state = draw(st.sampled_from(["menu", "silenced", "nobody's", "queued", "assigned"]))
    waits: datetime | None = draw(st.none() | moments)
    if waits:
        made.customer_wrote(waits, None)
        if draw(st.booleans()):
            made.notified_supervisors(draw(moments.filter(lambda at: at >= waits)))
        else:
            made.set_wait(NOW + timedelta(minutes=5), NOW, "a message that no department takes")
    if state == "menu":
        made.follow(FlowState.GREETING, NOW + timedelta(minutes=3), 0, 0, NOW)
    elif state == "silenced":
        made.dialogue = Dialogue(silenced=True)
    elif state == "queued":
        made.queue(SALES.id, NOW, timedelta(minutes=5), "")
    elif state == "assigned":
        made.assign(user_id(1), SALES.id, NOW, "", made.timeout_at or (waits and NOW + timedelta(minutes=5)))
    return made


@given(rounds(), rounds())
def test_what_one_waits_for_the_other_waits_for(own: Conversation, other: Conversation) -> None:
    waited = [one.waiting_since for one in (own, other) if one.waiting_since]
    kept, gone = merge_rounds(own, other, NOW)
    assert kept.waiting_since == min(waited, default=None)
    assert not kept.waits_unseen
    assert not (kept.dialogue.asks and kept.dialogue.silenced)
    assert gone.status is ConversationStatus.ARCHIVED
