"""What providers send, spoilt: it is refused as Malformed or understood; never a crash, never slow."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random

from tests.fuzz import seeds
from tests.fuzz.mutate import encoded, spoilt, torn
from tests.fuzz.report import Figures, now_ms, rss_mb
from whatsapp_hub.adapters.postgres.repositories import stored_content
from whatsapp_hub.adapters.providers.neonize.translate import inbound
from whatsapp_hub.adapters.providers.neonize.translate.envelope import StoredEvent
from whatsapp_hub.adapters.providers.neonize.translate.split import Splitter
from whatsapp_hub.adapters.providers.registry import ProviderOptions, builtin_plugins
from whatsapp_hub.application.ports.provider.events import Malformed, MessageSeen, RawUpdate
from whatsapp_hub.application.ports.provider.plugin import Plugin
from whatsapp_hub.domain.text import is_storable

PLUGINS = builtin_plugins(ProviderOptions())
WARM = 0.1
WARM_AT_MOST = 20_000
SLOW_MS = 20.0
AGAIN = 3
MOST_BYTES = 64 * 1024
"""What is longer is read off the loop (`AcceptWebhook`), in time by its size: tests/integration/attacks."""


@dataclass(frozen=True)
class Target:
    """`make` gives an input, `take` reads it and raises where a rule of ours is broken (Malformed: it was refused)."""

    name: str
    make: Callable[[Random], object]
    take: Callable[[object], None]


def understand(plugin: Plugin, body: bytes) -> None:
    """Scan, split and translate as `AcceptWebhook` and `ReceiveEvents` do."""
    assert plugin.webhooks is not None
    assert all(isinstance(name, str) for name in plugin.webhooks.names(body))
    updates = plugin.webhooks.split(body)
    for update in updates:
        fits(update)
        assert all(route.isprintable() and len(route) <= 220 for route in update.routes)
        for event in plugin.translate(update.body):
            if isinstance(event, MessageSeen):
                storable(event)


def fits(update: RawUpdate) -> None:
    """A row of the inbox has room for it."""
    assert 0 < len(update.dedupe_key) <= 300
    assert update.dedupe_key.isascii()
    assert update.dedupe_key.isprintable()
    assert 0 < len(update.chat) <= 200
    assert is_storable(update.chat)


def storable(seen: MessageSeen) -> None:
    """PostgreSQL takes all that it holds."""
    assert seen.at.tzinfo is not None
    assert seen.provider_message_id
    assert seen.chat
    assert seen.chat_names
    assert is_storable(seen.content.text)
    assert is_storable(f"{seen.provider_message_id}{seen.chat}{seen.name}{seen.author}{seen.reply_to}")
    stored = stored_content.encode(seen.content)
    assert stored_content.decode(*stored) == seen.content
    data = json.dumps(json.loads(stored.data or "{}"), allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in data.replace("\\\\", "")  # a backslash that somebody wrote is no escape
    assert is_storable(data)


def _webhook(kind: str, bodies: list[object]) -> Iterable[Target]:
    plugin, raw = PLUGINS[kind], [json.dumps(body).encode() for body in bodies]

    def take(body: object) -> None:
        assert isinstance(body, bytes)
        understand(plugin, body)

    def value(dice: Random) -> object:
        made = encoded(dice, spoilt(dice, dice.choice(bodies)))
        return made if len(made) <= MOST_BYTES else made[:MOST_BYTES]

    def bytes_(dice: Random) -> object:
        return torn(dice, dice.choice(raw))

    yield Target(f"{kind} values", value, take)
    yield Target(f"{kind} bytes", bytes_, take)


def _whatsapp_web() -> Target:
    events, cut = seeds.neonize_events(), (Splitter(), Splitter(history=True))

    def make(dice: Random) -> object:
        kept = dice.choice(events)
        text = str(spoilt(dice, kept.text))[:MOST_BYTES] if kept.text else ""
        as_go_gives_it = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")  # see library.py
        return StoredEvent(kept.event, kept.at, torn(dice, kept.data), as_go_gives_it, kept.me, kept.names)

    def take(kept: object) -> None:
        assert isinstance(kept, StoredEvent)
        for cutting in cut:
            for update in cutting(kept, "u1"):
                fits(update)
                for event in inbound.translate(update.body):
                    if isinstance(event, MessageSeen):
                        storable(event)

    return Target("NEONIZE events", make, take)


def targets() -> list[Target]:
    return [*_webhook("META", seeds.meta_bodies()), *_webhook("WAHA", seeds.waha_bodies()), _whatsapp_web()]


def run(target: Target, seed: int, count: int, deadline_s: float | None = None) -> Figures:
    """Try `count` inputs, or as many as the deadline allows."""
    figures, began = Figures(target.name), time.monotonic()
    start_mb, warm = 0.0, min(int(count * WARM), WARM_AT_MOST)
    for number in range(count):
        if number == warm:
            gc.collect()
            start_mb = rss_mb()
        if deadline_s and number % 256 == 0 and time.monotonic() - began > deadline_s:
            break
        _one(target, seed, number, figures)
    gc.collect()
    figures.grown_mb = max(0.0, rss_mb() - start_mb) if start_mb else 0.0
    figures.took_s = time.monotonic() - began
    figures.judge()
    return figures


def _one(target: Target, seed: int, number: int, figures: Figures) -> None:
    made = made_again(target, seed, number)
    figures.count += 1
    took = timed(target, made, seed, number, figures)
    if took > SLOW_MS:  # the collector's pauses are nobody's fault: what is slow is so each time
        took = min(took, *(timed(target, made, seed, number, replace(figures)) for _ in range(AGAIN)))
    figures.time(took, f"--only {seed}:{number} ({target.name})")


def made_again(target: Target, seed: int, number: int) -> object:
    """Input `number` of `seed`."""
    return target.make(Random((seed << 40) + number))


def timed(target: Target, made: object, seed: int, number: int, figures: Figures) -> float:
    began = now_ms()
    try:
        target.take(made)
    except Malformed:
        figures.refused += 1
    except Exception as error:
        figures.fault(f"--only {seed}:{number} ({target.name}): {type(error).__name__}: {error}: {str(made)[:600]}")
    return now_ms() - began
