"""The hub's bot in one round: what it asked, what it has taken note of, what it may still say."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whatsapp_hub.domain.menu.burst import NOTHING_HEARD, BurstEntry

BOT_TEXTS_AN_HOUR = 10
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """`asks`: a question or the menu awaits an answer, until the round's time-out; `menu_tries` and `confirm_tries`:
    the answers to them that were not understood; `heard`: what the menu has taken note of; `silenced` keeps the bot out
    of the round; `texts`: the times of the last hour's bot texts in this chat."""

    asks: bool = False
    menu_tries: int = 0
    confirm_tries: int = 0
    heard: BurstEntry = NOTHING_HEARD
    silenced: bool = False
    texts: tuple[datetime, ...] = ()

    def closed(self) -> "Dialogue":
        """Await no answer any more."""
        return replace(self, asks=False) if self.asks else self

    def ended(self) -> "Dialogue":
        """Keep the bot out of the rest of the round."""
        return replace(self, silenced=True)

    def asked(self, menu_tries: int, confirm_tries: int, *, awaits: bool) -> "Dialogue":
        """Set what the bot's last question was, and how often it has been put."""
        return replace(self, asks=awaits, menu_tries=menu_tries, confirm_tries=confirm_tries)

    def took(self, heard: BurstEntry) -> "Dialogue":
        """Remember the customer's latest file or text, so that files in a row count as one answer."""
        return replace(self, heard=heard)

    def said(self, at: datetime) -> "Dialogue":
        """Count a text that the bot sent."""
        return replace(self, texts=(*(text for text in self.texts if at - text < _HOUR), at))

    def may_say(self, now: datetime) -> bool:
        """Whether the bot may send a text now."""
        return not self.silenced and self.has_texts_left(now)

    def has_texts_left(self, now: datetime) -> bool:
        """Whether fewer than BOT_TEXTS_AN_HOUR were sent in the last hour."""
        return sum(now - at < _HOUR for at in self.texts) < BOT_TEXTS_AN_HOUR


DIALOGUE = Dialogue()
"""That of a new round."""
