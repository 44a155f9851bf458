"""A conversation as a page to print or keep: no script, nothing loaded, every word escaped."""

import base64
import hashlib
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime, tzinfo
from html import escape
from zoneinfo import ZoneInfo

from whatsapp_hub.application.reading.copy_conversation import ConversationCopy
from whatsapp_hub.domain.accounts.tenant import Language
from whatsapp_hub.domain.conversations.note import Note
from whatsapp_hub.domain.messaging import content as kinds
from whatsapp_hub.domain.messaging.message import Direction, Message

AT_ONCE = 200
USUAL_ZONE = "America/Sao_Paulo"

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#18201d}"
    "h1{font-size:1.3rem;margin:0}header p,footer{color:#505a55}ol{list-style:none;padding:0}"
    "li{margin:.5rem 0;padding:.5rem .75rem;border:1px solid #daded8;border-radius:8px;break-inside:avoid}"
    "li.out{margin-left:3rem;background:#eef5f7}li.in{margin-right:3rem}li.note{background:#fdf3d3}"
    "li p{margin:.2rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere}small{color:#505a55}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none'; sandbox allow-modals"
)

_TEXTS = {
    Language.PT_BR: "Conversa com|Cliente|Nota de|Robô|Pelo telefone|apagada|editada|Cópia de",
    Language.EN: "Conversation with|Customer|Note by|Bot|From the phone|deleted|edited|Copy of",
    Language.ES: "Conversación con|Cliente|Nota de|Bot|Desde el teléfono|borrado|editado|Copia del",
}


class ConversationPage:
    """The page of one copy, piece by piece."""

    def __init__(self, copy: ConversationCopy, at: datetime) -> None:
        self._copy = copy
        self._at = at
        hours = copy.company.hours
        self._zone: tzinfo = ZoneInfo(hours.timezone if hours else USUAL_ZONE)
        self._texts = _TEXTS[copy.company.language].split("|")
        self._notes: deque[Note] = deque()

    def head(self) -> str:
        """Begin the page."""
        c, (title, _, _, _, _, _, _, copy_of) = self._copy.conversation, self._texts
        name = escape(c.customer_name or c.customer_phone or "")
        numbers = " · ".join(escape(part) for part in (c.customer_phone, self._copy.company.name) if part)
        times = f"{self._time(c.created_at)} – {self._time(c.resolved_at or self._at)}"
        return (
            f'<!doctype html><html lang="{self._copy.company.language}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>{title} {name}</title><style>{_STYLE}</style>'
            f"</head><body><header><h1>{title} {name}</h1><p>{numbers}<br>{times}<br>{copy_of} {self._time(self._at)}"
            "</p></header><ol>"
        )

    async def lines(self) -> AsyncIterator[str]:
        """Show messages in their order, each after the notes that were written before it, some at a time."""
        lines: list[str] = []
        async for messages in self._copy.messages:
            for message in messages:
                while note := await self._note_until(message.created_at):
                    lines.append(self._note(note))
                    if len(lines) >= AT_ONCE:
                        yield _taken(lines)
                lines.append(self._line(message))
            yield _taken(lines)
        while note := await self._note_until(None):
            lines.append(self._note(note))
            if len(lines) >= AT_ONCE:
                yield _taken(lines)
        yield _taken(lines)

    def foot(self) -> str:
        """End the page."""
        return "</ol></body></html>"

    async def _note_until(self, at: datetime | None) -> Note | None:
        """Take the next note, if it was written until then; None: any."""
        if not self._notes:
            self._notes.extend(await anext(self._copy.notes, []))
        is_next = bool(self._notes) and (at is None or self._notes[0].created_at <= at)
        return self._notes.popleft() if is_next else None

    def _note(self, note: Note) -> str:
        by = self._copy.names.get(note.user_id, "") if note.user_id else ""
        return self._item("note", f"{self._texts[2]} {by}".strip(), note.created_at, note.content)

    def _line(self, message: Message) -> str:
        _, customer, _, bot, phone, deleted, edited, _ = self._texts
        way = "in" if message.direction is Direction.INBOUND else "out"
        if way == "in":
            by = message.author or self._copy.conversation.customer_name or customer
        elif message.is_bot:
            by = bot
        else:
            by = self._copy.names.get(message.sender_id, phone) if message.sender_id else phone
        if message.annotations.revoked:
            return self._item(way, by, message.created_at, f"({deleted})")
        more = f" · {edited}" if message.annotations.edited_at else ""
        return self._item(way, by, message.created_at, _said(message), more)

    def _item(self, kind: str, by: str, at: datetime, text: str, more: str = "") -> str:
        head = f"<small><b>{escape(by)}</b> · {self._time(at)}{more}</small>"
        return f'<li class="{kind}">{head}<p dir="auto">{escape(text)}</p></li>'

    def _time(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M")


def _taken(lines: list[str]) -> str:
    taken = "".join(lines)
    lines.clear()
    return taken


def _said(message: Message) -> str:
    content = message.content
    name = content.file_name if isinstance(content, kinds.File) else None
    label = "" if isinstance(content, kinds.Text) else f"[{' '.join(filter(None, (content.type, name)))}]"
    return "\n".join(part for part in (label, content.text) if part)
