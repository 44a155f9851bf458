"""A quick reply: a canned text under a short name, with placeholders."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from whatsapp_hub.domain.errors import Flaw, Invalid
from whatsapp_hub.domain.ids import QuickReplyId, TenantId
from whatsapp_hub.domain.text import is_storable

_SHORTCUT = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
# None of these may go over the same characters again and again, however many spaces somebody writes.
_PLACE = re.compile(r"\{\{([^{}]*)\}\}")
VARIABLES = ("customerName", "customerPhone", "agentName", "departmentName", "companyName")
CONTENT_LENGTH = 4096
_NAME_SHOWN = 64

_GAP = "\0"
_SIGNS = r"[,.;:!?…]"
_WRAPPED = re.compile(rf"\([ \t]*{_GAP}[ \t]*\)|\[[ \t]*{_GAP}[ \t]*\]|([*_~`\"']{{1,8}}){_GAP}\1")
_AT_START = re.compile(rf"^[ \t]*{_GAP}[ \t]*(?:{_SIGNS}+[ \t]*)?([^\W\d_])?", re.MULTILINE)
_BEFORE_SIGN = re.compile(rf"(?<![ \t])[ \t]*+,?[ \t]*+{_GAP}[ \t]*(?={_SIGNS}|$)", re.MULTILINE)
_WITHIN = re.compile(rf"(?<![ \t])[ \t]*+{_GAP}")


@dataclass(slots=True)
class QuickReply:
    """`content` may hold `{{customerName}}` and the other VARIABLES."""

    id: QuickReplyId
    tenant_id: TenantId
    shortcut: str
    content: str
    created_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise Invalid with every bad field."""
        named = map(str.strip, _PLACE.findall(self.content[:CONTENT_LENGTH]))
        unknown = sorted({name[:_NAME_SHOWN] for name in named if name not in VARIABLES})
        flaws = [
            Flaw(f"/{name}", reason)
            for name, bad, reason in (
                ("shortcut", not _SHORTCUT.fullmatch(self.shortcut), "must match [a-z0-9][a-z0-9_-]{0,31}"),
                ("content", not self.content.strip(), "must not be empty"),
                ("content", len(self.content) > CONTENT_LENGTH, f"must have at most {CONTENT_LENGTH} characters"),
                ("content", not is_storable(self.content), "must not contain NUL or lone surrogates"),
                ("content", bool(unknown), f"knows only {', '.join(VARIABLES)}, not {', '.join(unknown)}"),
            )
            if bad
        ]
        if flaws:
            raise Invalid(*flaws)

    def filled(self, values: Mapping[str, str | None]) -> str:
        """Fill in the placeholders. An unknown value is left out together with its space and punctuation:
        `Oi {{customerName}}, tudo bem?` reads `Oi, tudo bem?` for a customer without a name."""
        return _closed(_PLACE.sub(lambda place: (values.get(place[1].strip()) or "").strip() or _GAP, self.content))


def _closed(text: str) -> str:
    """Remove the gaps, and capitalise a line that began with one."""
    if _GAP not in text:
        return text
    text = _WRAPPED.sub(_GAP, text)
    text = _AT_START.sub(lambda gap: (gap[1] or "").upper(), text)
    return _WITHIN.sub("", _BEFORE_SIGN.sub("", text))
