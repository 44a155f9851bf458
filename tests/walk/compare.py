"""Compare two recordings: what was added is allowed and listed, everything else is a difference."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

Step = dict[str, Any]
_TEXTS = ("body", "ack", "heard", "delivered")
"""Parts of a step that hold JSON as it was sent, byte by byte; a stream's body holds one document an event."""
_CONTROLS = dict.fromkeys(range(32), " ")
_NEXT_EVENT = re.compile(r"\n\n(?=id: |event: )")


@dataclass
class Outcome:
    additions: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def compare(before: list[Step], after: list[Step]) -> Outcome:
    """Find what the second recording lacks, changed, and has besides."""
    found = Outcome()
    old, new = ({step["step"]: step for step in steps} for steps in (before, after))
    for name, step in old.items():
        if name not in new:
            found.differences.append(f"{name}: is gone")
        else:
            _compare_steps(name, step, new[name], found)
    found.additions += [f"{name}: is new" for name in new if name not in old]
    _compare_orders(old, new, found)
    return found


def _compare_orders(old: dict[str, Step], new: dict[str, Step], found: Outcome) -> None:
    """What happened to one subject happened in the same order."""
    for subject in dict.fromkeys(step["subject"] for step in old.values() if "subject" in step):
        orders = [
            [name for name, step in steps.items() if step.get("subject") == subject and name in others]
            for steps, others in ((old, new), (new, old))
        ]
        if orders[0] != orders[1]:
            found.differences.append(f"{subject}: happened in another order: {orders[0]}, {orders[1]}")


def _compare_steps(name: str, old: Step, new: Step, found: Outcome) -> None:
    for part in (part for part in old if part != "sent"):
        if part in _TEXTS:
            _compare_texts(f"{name}: {part}", old[part], new.get(part), found)
        elif part == "headers":
            _compare_documents(f"{name}: headers", dict(sorted(old[part].items())), new.get(part), found, ordered=False)
        elif old[part] != new.get(part):
            found.differences.append(f"{name}: {part} was {old[part]!r}, is {new.get(part)!r}")


def _compare_texts(where: str, old: str, new: str | None, found: Outcome) -> None:
    """The same bytes; or, in JSON as compactly written, the same fields in the same order, and others among them."""
    if old == new:
        return
    if isinstance(new, str) and (before := _events(old)) and (after := _events(new)):
        _compare_events(where, before, after, found)
        return
    documents = _document(old), _document(new)
    if None in documents or not isinstance(new, str):
        found.differences.append(f"{where} was {old!r}, is {new!r}")
        return
    if any(
        json.dumps(d, ensure_ascii=False, separators=(",", ":")) != _on_one_line(t)
        for d, t in zip(documents, (old, new), strict=True)
    ):
        found.differences.append(f"{where} is written otherwise: was {old!r}, is {new!r}")
        return
    _compare_documents(where, documents[0], documents[1], found)


def _document(text: str | None) -> Any:
    try:
        return json.loads(_on_one_line(text)) if text else None
    except ValueError:
        return None


def _on_one_line(text: str) -> str:
    """The hub writes compact JSON; a line break in it is part of a placeholder, which is named after a text."""
    return text.translate(_CONTROLS)


def _events(body: str) -> list[tuple[str, str]]:
    """The events of a stream, each with the lines above its data, and its data; none: it is no stream's body."""
    blocks = [block.partition("\ndata: ") for block in _NEXT_EVENT.split(body)]
    return [(head, data) for head, _, data in blocks] if all("event: " in head for head, _, _ in blocks) else []


def _compare_events(where: str, old: list[tuple[str, str]], new: list[tuple[str, str]], found: Outcome) -> None:
    """The same events in the same order, others among them; only so many are read, so that added ones push the last
    ones out."""
    matcher = SequenceMatcher(None, [head for head, _ in old], [head for head, _ in new], autojunk=False)
    added = 0
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        if kind == "equal":
            for (head, before), (_, after) in zip(old[a:a_end], new[b:b_end], strict=True):
                _compare_texts(f"{where}: {_name(head)}", before, after, found)
            continue
        added += b_end - b
        found.additions += [f"{where}: {_name(head)} is new" for head, _ in new[b:b_end]]
        pushed_out = min(added, a_end - a) if a_end == len(old) else 0
        found.differences += [f"{where}: {_name(head)} is gone" for head, _ in old[a : a_end - pushed_out]]


def _name(head: str) -> str:
    return head.partition("event: ")[2].partition("\n")[0]


def _compare_documents(where: str, old: Any, new: Any, found: Outcome, ordered: bool = True) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        kept = [field for field in new if field in old]
        if ordered and kept != [field for field in old if field in new]:
            found.differences.append(f"{where}: fields stand in another order: {list(old)}, {list(new)}")
        for name in old:
            if name in new:
                _compare_documents(f"{where}/{name}", old[name], new[name], found)
            else:
                found.differences.append(f"{where}/{name} is gone (was {_short(old[name])})")
        found.additions += [f"{where}/{name} is new: {_short(new[name])}" for name in new if name not in old]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            _compare_documents(f"{where}/{number}", one, other, found)
    elif old != new:
        found.differences.append(f"{where} was {_short(old)}, is {_short(new)}")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 300 else f"{text[:300]}…"


def told(found: Outcome) -> Iterator[str]:
    """The result in lines."""
    for kind, lines in (("added", found.additions), ("DIFFERS", found.differences)):
        yield from (f"{kind}: {line}" for line in lines)
    yield f"{len(found.additions)} additions, {len(found.differences)} differences"
