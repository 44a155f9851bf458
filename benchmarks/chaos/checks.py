"""Checks after a run, on the database itself and on what reached WhatsApp."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from benchmarks.chaos.traffic import Ledger
from benchmarks.chaos.world import Chat, World
from benchmarks.graph import Send

MENU = "Escolha o departamento"

INBOUND = "SELECT whatsapp_message_id, content FROM pooled.messages WHERE direction = 'INBOUND'"
OUTBOUND = """
    SELECT m.id::text, m.content, m.status, m.outcome, m.is_bot, m.chat, m.queue_seq IS NOT NULL AS queued,
      l.attempt_message IS NOT NULL OR l.awaits IS NOT NULL AS held
    FROM pooled.messages m LEFT JOIN hub.lanes l USING (session_id, chat) WHERE m.direction = 'OUTBOUND'"""
RECEIVED = "SELECT body FROM hub.events WHERE type = 'message.received'"
LOST_SIGHT = "SELECT body FROM hub.events WHERE type = 'message.outcome_unknown'"
SCREENS = "SELECT text, count(*) FROM hub.sandbox_screens WHERE direction = 'OUTBOUND' GROUP BY text"
LOG = """
    SELECT count(*) AS events, count(DISTINCT position) AS positions, coalesce(min(position), 1) AS first,
      coalesce(max(position), 0) AS last, (SELECT position FROM hub.sequencer) AS given FROM hub.events"""
ASIDE = "SELECT count(*), min(error) FROM hub.inbox WHERE state IN ('quarantined', 'unassigned')"


@dataclass
class Findings:
    """Counts and violations. `waiting`: accepted and stored, unsent since its chat waits for an outcome or a lease."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    misordered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    unsettled: int = 0
    waiting: int = 0
    received: int = 0


async def check(world: World, ledger: Ledger) -> Findings:
    """Check all of this run's ledger, and the state of the log."""
    findings = Findings()
    await _inbound(world, ledger, findings)
    await _outbound(world, ledger, findings)
    await _log(world, findings)
    findings.wrong += ledger.refused
    return findings


async def _inbound(world: World, ledger: Ledger, findings: Findings) -> None:
    rows = await world.rows(INBOUND)
    ids, texts = Counter(row["whatsapp_message_id"] for row in rows), Counter(row["content"] for row in rows)
    events = Counter(_message(row)["whatsappMessageId"] for row in await world.rows(RECEIVED))
    for provider_id in ledger.webhooks:
        _exactly_once(f"webhook {provider_id}", ids[provider_id], findings)
        _exactly_once(f"event of {provider_id}", events[provider_id], findings, counts=False)
    for text in ledger.sandboxed:
        _exactly_once(f"customer's {text}", texts[text], findings)
    findings.doubled += [f"customer's {text}: {texts[text]}" for text in ledger.maybe if texts[text] > 1]


async def _outbound(world: World, ledger: Ledger, findings: Findings) -> None:
    rows = await world.rows(OUTBOUND)
    sends = await world.graph.sends()
    reached = Counter(send.text for send in sends)
    reached.update({row["text"]: row["count"] for row in await world.rows(SCREENS) if row["text"] in ledger.sends})
    by_text = {row["content"]: row for row in rows if not row["is_bot"]}
    stored = Counter(row["content"] for row in rows if not row["is_bot"])
    for text in ledger.sends:
        if stored[text] == 1 and reached[text] == 0:
            _unsent(text, by_text[text], findings)
        else:
            _exactly_once(f"send {text}", reached[text] if stored[text] == 1 else stored[text], findings)
    _menus(ledger, rows, sends, findings)
    _order(ledger, sends, findings)
    findings.unknown = {_message(row)["id"] for row in await world.rows(LOST_SIGHT)}
    findings.unsettled = sum(row["outcome"] == "unknown" for row in rows)


def _unsent(what: str, row: Mapping[str, object], findings: Findings) -> None:
    """Check a send that did not reach WhatsApp: its outcome is unknown, or its lane waits for one."""
    if row["outcome"] == "unknown":
        findings.received += 1
    elif row["queued"] and row["held"]:
        findings.received += 1
        findings.waiting += 1
    else:
        findings.lost.append(f"send {what} ({row['status']})")


def _menus(ledger: Ledger, rows: Iterable[Mapping[str, object]], sends: Iterable[Send], findings: Findings) -> None:
    """Check that each new customer got one menu."""
    shown = Counter(send.to for send in sends if MENU in send.text)
    stored: dict[str, list[Mapping[str, object]]] = {}
    for row in rows:
        if row["is_bot"]:
            stored.setdefault(str(row["chat"]), []).append(row)
    for customer in sorted(ledger.newcomers):
        menus = stored.get(customer, [])
        if len(menus) == 1 and shown[customer] == 0:
            _unsent(f"menu of {customer}", menus[0], findings)
            findings.received -= 1
        else:
            count = shown[customer] if len(menus) == 1 else len(menus)
            _exactly_once(f"menu of {customer}", count, findings, counts=False)


def _order(ledger: Ledger, sends: Iterable[Send], findings: Findings) -> None:
    """Check that each chat's messages went out in the order in which the sends were accepted."""
    turns: dict[str, list[int]] = {}
    for send in sorted(sends, key=lambda send: send.arrived_at):
        if send.text in ledger.sends:
            chat, turn = ledger.sends[send.text]
            turns.setdefault(_name(chat), []).append(turn)
    for chat_name, seen in turns.items():
        findings.misordered += [f"chat {chat_name}: {a} before {b}" for a, b in pairwise(seen) if a > b]


async def _log(world: World, findings: Findings) -> None:
    [log] = await world.rows(LOG)
    if not (log["events"] == log["positions"] == log["last"] == log["given"] and log["first"] == 1):
        findings.wrong.append(f"the log has holes or doubles: {dict(log)}")
    [(aside, error)] = await world.rows(ASIDE)
    if aside:
        findings.wrong.append(f"{aside} updates were set aside: {error}")


def _exactly_once(what: str, times: int, findings: Findings, *, counts: bool = True) -> None:
    """Check that it came once. `counts`: it is one of the run's messages, not a consequence of one."""
    findings.received += counts and times > 0
    if times == 0:
        findings.lost.append(what)
    elif times > 1:
        findings.doubled.append(f"{what}: {times} times")


def _message(row: Mapping[str, bytes]) -> dict[str, str]:
    body = json.loads(row["body"])
    found: dict[str, str] = body["message"]
    return found


def _name(chat: Chat) -> str:
    return chat.conversation_id
