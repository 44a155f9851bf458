"""Companies of any size that are alike: the same shares of statuses, departments, agents, sessions, names and words.

Rows are copied in, oldest first, in a realistic order: messages of concurrent rounds are interleaved.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any
from uuid import UUID

from whatsapp_hub.domain.ids import TenantId

MESSAGES = 10
DEPARTMENTS, AGENTS, SESSIONS = 20, 200, 20
LIVE, MOST_LIVE = 0.3, 5_000
"""Live rounds depend on the staff, not the history: this share, up to a maximum."""

ARCHIVED, NOBODYS = 0.2, 0.05
"""Shares of the others: archived (the rest is resolved), never routed."""

AT_ONCE = 500
"""Rounds whose messages interleave."""

ROUND = timedelta(seconds=30)
"""A new one every half minute; each lasts up to a day."""

STATUSES = ("OPEN", "ASSIGNED", "RESOLVED", "ARCHIVED")
VOCABULARY, SENTENCES = 20_000, 100_000
CHUNK = 4_000
_SYLLABLES = [consonant + vowel for consonant in "bcdlmnprst" for vowel in "aei"]
_GIVEN = ("Maria", "José", "Ana", "João", "Antônio", "Francisco", "Carlos", "Márcia", "Cecília", "Íris", "Davi")
_FAMILY = ("Silva", "Santos", "Oliveira", "Souza", "Rodrigues", "Ferreira", "Alves", "Lima", "Ribeiro", "Ávila")
_NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _made_up(rng: random.Random, count: int) -> list[str]:
    return ["".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 5))) for _ in range(count)]


@cache
def words() -> list[str]:
    return _made_up(random.Random(7), VOCABULARY)


@cache
def names() -> tuple[list[str], list[str]]:
    """Given names and family names, the frequent ones first."""
    rng = random.Random(8)
    given, family = _made_up(rng, 500), _made_up(rng, 2_000)
    return [*_GIVEN, *(name.title() for name in given)], [*_FAMILY, *(name.title() for name in family)]


@cache
def sentences() -> list[str]:
    """Words by a natural distribution: a few are in every tenth sentence or more, most are rare."""
    rng = random.Random(9)
    return [" ".join(often(rng, words()) for _ in range(rng.randint(3, 13))) for _ in range(SENTENCES)]


def often(rng: random.Random, choices: Sequence[str]) -> str:
    """Choose one, the first ones more often."""
    return choices[int(rng.random() ** 3 * len(choices))]


def _falling(count: int) -> list[float]:
    """Return accumulated weights, the first the greatest (Zipf)."""
    return list(accumulate(1 / rank for rank in range(1, count + 1)))


_DEPARTMENT, _AGENT, _SESSION = _falling(DEPARTMENTS), _falling(AGENTS), _falling(SESSIONS)


@dataclass(frozen=True)
class Company:
    """One tenant; `schema` holds its rows."""

    id: TenantId
    schema: str
    conversations: int
    number: int
    """Prefix of its rows' ids."""

    rng: random.Random = field(default_factory=lambda: random.Random(1), compare=False)

    def key(self, kind: str, n: int) -> str:
        return f"{self.number:08x}-{kind}-7000-8000-{n:012x}"

    def department(self, rank: int) -> UUID:
        return UUID(self.key("000d", rank))

    def agent(self, rank: int) -> UUID:
        """Return an agent's id, of the department `rank % DEPARTMENTS`."""
        return UUID(self.key("000a", rank))

    def session(self, rank: int) -> UUID:
        return UUID(self.key("0005", rank))


async def fill(owner: Any, company: Company) -> None:
    count = company.conversations
    tables: dict[str, tuple[str, Iterator[str]]] = {
        "contacts": ("id, tenant_id, is_group, created_at", _contacts(company, count)),
        "conversations": (
            "id, tenant_id, session_id, contact_id, chat, customer_phone, customer_name, status, flow_state,"
            " department_id, assigned_user_id, routed_at, created_at, updated_at, last_message_at",
            _conversations(company, count),
        ),
        "messages": (
            "id, tenant_id, session_id, conversation_id, contact_id, chat, direction, type, content, status,"
            " timestamp, created_at",
            _messages(company, count),
        ),
    }
    for table, (columns, rows) in tables.items():
        await owner.copy_to_table(
            table, schema_name=company.schema, columns=columns.split(", "), source=_chunks(rows), timeout=7200
        )


async def _chunks(rows: Iterator[str]) -> AsyncIterator[bytes]:
    some: list[str] = []
    for row in rows:
        some.append(row)
        if len(some) == CHUNK:
            yield "".join(some).encode()
            some.clear()
    yield "".join(some).encode()


def _began(count: int, n: int) -> datetime:
    return _NOW - (count - n) * ROUND


def _contacts(company: Company, count: int) -> Iterator[str]:
    for n in range(count):
        yield f"{company.key('000c', n)}\t{company.id}\tf\t{_began(count, n)}\n"


def _conversations(company: Company, count: int) -> Iterator[str]:
    rng = company.rng
    given, family = names()
    for n in range(count):
        department, agent, status = _place(company)
        began = _began(count, n)
        ended = began + timedelta(seconds=86_400 * rng.random() ** 3)
        name = f"{often(rng, given)} {often(rng, family)}"
        flow = {"OPEN": "DEPARTMENT_SELECTED", "ASSIGNED": "ASSIGNED"}.get(status, "RESOLVED")
        yield (
            f"{company.key('000e', n)}\t{company.id}\t{_session_of(company, n)}\t{company.key('000c', n)}\tc{n}\t"
            f"55{rng.randint(11, 99)}9{rng.randrange(10**8):08}\t{name}\t{status}\t{flow}\t{department}\t{agent}\t"
            f"{began}\t{began}\t{ended}\t{ended}\n"
        )


def _place(company: Company) -> tuple[str, str, str]:
    """Return department, agent and status."""
    rng = company.rng
    live = min(LIVE, MOST_LIVE / company.conversations)
    [status] = rng.choices(STATUSES, (live / 3, live * 2 / 3, (1 - live) * (1 - ARCHIVED), (1 - live) * ARCHIVED))
    if status != "ASSIGNED" and rng.random() < NOBODYS:
        return r"\N", r"\N", status
    [agent] = rng.choices(range(AGENTS), cum_weights=_AGENT)
    [other] = rng.choices(range(DEPARTMENTS), cum_weights=_DEPARTMENT)
    department = agent % DEPARTMENTS if rng.random() < 0.9 else other
    return str(company.department(department)), r"\N" if status == "OPEN" else str(company.agent(agent)), status


def _session_of(company: Company, n: int) -> str:
    """Return a round's session, derived from its number, so that its messages need no lookup."""
    [rank] = random.Random(n).choices(range(SESSIONS), cum_weights=_SESSION)
    return company.key("0005", rank)


def _messages(company: Company, count: int) -> Iterator[str]:
    rng, said, number = company.rng, sentences(), 0
    for first in range(0, count, AT_ONCE):
        some = [
            (n, f"{company.id}\t{_session_of(company, n)}\t{company.key('000e', n)}\t{company.key('000c', n)}\tc{n}")
            for n in range(first, min(first + AT_ONCE, count))
        ]
        for turn in range(MESSAGES):
            at = _began(count, first) + turn * timedelta(hours=1)
            direction = "INBOUND" if turn % 2 == 0 else "OUTBOUND"
            for n, belongs in some:
                number += 1
                text = said[int(rng.random() * SENTENCES)]
                if turn == 1:
                    text = f"{text} pedido {n + 10_000_000}"  # a word of its own
                yield f"{company.key('000f', number)}\t{belongs}\t{direction}\tTEXT\t{text}\tDELIVERED\t{at}\t{at}\n"
