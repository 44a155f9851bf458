"""A shift at the console, before 10,000 conversations: opening chats, writing while customers write, scrolling."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from playwright.async_api import Page

from benchmarks.hub import APP_SECRET
from benchmarks.load import Mix, Plan, generate
from benchmarks.report import Row, percentile
from benchmarks.rows import Size
from benchmarks.rows.customers import NUMBERS, Desk

CONVERSATIONS, MESSAGES = 10_000, 2_000
RATE, BUSY_RATE = 25, 50
"""Messages a second; each is an event of its own and one or two of its conversation."""

COPIED = f"""
    WITH model AS (SELECT id, contact_id FROM pooled.conversations WHERE status = 'ASSIGNED' ORDER BY id LIMIT 1),
    people AS (
      INSERT INTO pooled.contacts
      SELECT made.* FROM model, pooled.contacts k, generate_series(1, {CONVERSATIONS}) AS n,
        LATERAL jsonb_populate_record(k, jsonb_build_object('id', gen_random_uuid(), 'name', 'Copy ' || n)) AS made
      WHERE k.id = model.contact_id RETURNING id),
    counted AS (SELECT id, row_number() OVER () AS n FROM people)
    INSERT INTO pooled.conversations
    SELECT made.* FROM model, pooled.conversations c, counted,
      LATERAL jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'contact_id', counted.id,
        'timeout_at', null, 'target_look_at', null,
        'chat', 'copy' || n, 'customer_phone', (5511900000000 + n)::text, 'customer_name', 'Copy ' || n,
        'last_message_at', now() - interval '1 day' - n * interval '1 min',
        'updated_at', now() - interval '1 day' - n * interval '1 min')) AS made
    WHERE c.id = model.id"""
SAID = f"""
    INSERT INTO pooled.messages OVERRIDING USER VALUE
    SELECT made.* FROM (SELECT * FROM pooled.messages WHERE direction = 'INBOUND' ORDER BY id LIMIT 1) m,
      generate_series(1, {MESSAGES}) AS n,
      LATERAL jsonb_populate_record((SELECT one FROM pooled.messages one WHERE one.id = m.id), jsonb_build_object(
        'id', gen_random_uuid(), 'content', 'line ' || n, 'whatsapp_message_id', 'long.' || n,
        'created_at', m.created_at + n * interval '50 us')) AS made ORDER BY n"""
LONG = "SELECT conversation_id::text FROM pooled.messages WHERE whatsapp_message_id = 'long.1'"

WATCH = """
window.__frames = new Map(); window.__shown = new Map(); window.__all = 0;
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      if (typeof data !== "string" || !data.startsWith("42")) return;
      window.__all += 1;
      const text = data.startsWith('42["message-received"') && /"content":"(message \\\\d+)"/.exec(data)?.[1];
      if (text && !window.__frames.has(text)) window.__frames.set(text, performance.now());
    });
  }
};
window.__after = () => new Promise((done) => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => done(performance.now());
  channel.port2.postMessage(0);
}));
window.__watchRows = () => {
  const seen = new Set();
  new MutationObserver(() => {
    const found = [...document.querySelectorAll(".row-preview")].map((one) => one.textContent.trim())
      .filter((text) => window.__frames.has(text) && !seen.has(text));
    for (const text of found) seen.add(text);
    if (found.length) void window.__after().then((at) => found.forEach((text) => window.__shown.set(text, at)));
  }).observe(document.querySelector(".rows"), { subtree: true, childList: true, characterData: true });
};
window.__keys = []; window.__enters = []; window.__inp = []; window.__long = [];
window.__watchKeys = () => {
  let down = 0, mine = 0, enter = 0;
  addEventListener("keydown", (event) => { down = event.timeStamp; if (event.key === "Enter") enter = down; }, true);
  const note = (list, from) => void window.__after().then((at) => list.push(at - from));
  addEventListener("input", () => note(window.__keys, down), true);
  new MutationObserver(() => {
    const count = document.querySelectorAll(".bubble.waiting, .bubble.out").length;
    if (enter && count > mine) note(window.__enters, enter);
    if (count > mine) enter = 0;
    mine = count;
  }).observe(document.querySelector(".timeline"), { subtree: true, childList: true });
};
const observe = (list, what) => new PerformanceObserver((found) => {
  for (const one of found.getEntries()) if (one.interactionId !== 0) list.push(one.duration);
}).observe(what);
observe(window.__inp, { type: "event", durationThreshold: 16 });
observe(window.__long, { type: "longtask" });
"""
HREFS = "() => [...document.querySelectorAll('.row')].slice(9, 17).map((one) => one.getAttribute('href'))"
CHAT = """async (href) => {
  const link = [...document.querySelectorAll(".row")].find((one) => one.getAttribute("href") === href);
  const old = document.querySelector(".timeline");
  const begun = performance.now();
  if (link) link.click();
  else { history.pushState(null, "", href); dispatchEvent(new PopStateEvent("popstate")); }
  return await window.__painted(() => {
    const bubble = document.querySelector(".timeline .bubble");
    return bubble && bubble.closest(".timeline") !== old;
  }) - begun;
}"""
SCROLLED = """async () => {
  const rows = document.querySelector(".rows"), took = [];
  let before = await new Promise(requestAnimationFrame), most = 0;
  for (let n = 0; n < 300; n++) {
    rows.scrollTop += 150;
    const now = await new Promise(requestAnimationFrame);
    took.push(now - before);
    before = now;
    most = Math.max(most, document.querySelectorAll(".row").length);
  }
  return [took.filter((one) => one <= 17.5).length / took.length, most];
}"""
PREPENDED = """async () => {
  const frame = document.querySelector(".timeline");
  let moved = 0;
  for (let n = 0; n < 5; n++) {
    const count = document.querySelectorAll(".bubble").length;
    frame.scrollTop = frame.clientHeight * 1.3;
    await new Promise(requestAnimationFrame);
    const middle = frame.getBoundingClientRect().top + frame.clientHeight / 2;
    const anchor = [...document.querySelectorAll(".bubble")].find((one) => one.getBoundingClientRect().bottom > middle);
    const top = anchor.getBoundingClientRect().top;
    for (let waited = 0; waited < 600 && document.querySelectorAll(".bubble").length === count; waited++)
      await new Promise(requestAnimationFrame);
    for (let after = 0; after < 5; after++) {
      moved = Math.max(moved, Math.abs(anchor.getBoundingClientRect().top - top));
      await new Promise(requestAnimationFrame);
    }
  }
  return moved;
}"""
ASKED = "performance.getEntriesByType('resource').filter((one) => one.initiatorType === 'fetch').length"


async def rows(page: Page, desk: Desk, size: Size) -> list[Row]:
    """Measure on the inbox of an administrator, with `WATCH` in the page and thousands of conversations."""
    many = "parseFloat(document.querySelector('.rows ul').style.height) > 52 * 5_000"
    async with asyncio.timeout(300):  # the rounds before have used up the requests of some minutes
        while not await page.evaluate(many):
            await asyncio.sleep(0.1)
    await page.wait_for_load_state("networkidle")
    scrolled, most = await page.evaluate(SCROLLED)
    opened, again, asked = await _chats(page, size.rounds * 12, size.rounds * 28)
    [seen, framed, busy, longest, every] = await _events(page, desk, size)
    keys, enters, inp = await _written(page, desk, size)
    moved = await _prepended(page, desk)
    less: dict[str, Any] = {"less_is_better": True}
    return [
        Row.of("console_chat_opened_p95", [percentile(opened, 0.95)], "ms", reach=100, stretch=80, **less),
        Row.of("console_chat_again_p95", [percentile(again, 0.95)], "ms", reach=50, stretch=30, **less),
        Row.of("console_chat_requests", [asked], "requests", reach=2, stretch=1, **less),
        Row.of("console_key_p95", [percentile(keys, 0.95)], "ms", reach=16, stretch=8, **less),
        Row.of("console_enter_p95", [percentile(enters, 0.95)], "ms", reach=32, stretch=16, **less),
        Row.of("console_frame_p95", [percentile(framed, 0.95)], "ms", reach=50, stretch=33, **less),
        Row.of("console_webhook_p95", [percentile(seen, 0.95)], "ms", reach=150, stretch=100, **less),
        Row.of("console_busy", [busy], "%", reach=25, stretch=12, **less),
        Row.of("console_longest_task", [longest], "ms", reach=50, **less),
        Row.of("console_frames_per_s", [every], "events"),
        Row.of("console_inp", [percentile(inp, 0.98) if inp else 16.0], "ms", reach=100, stretch=64, **less),
        Row.of("console_scroll_in_time", [100 * scrolled], "%", reach=95),
        Row.of("console_row_nodes", [most], "nodes", reach=80, **less),
        Row.of("console_prepend_moved", [moved], "px", reach=1, stretch=0, **less),
    ]


async def _chats(page: Page, first: int, again: int) -> tuple[list[float], list[float], float]:
    """Open chats that were never open, and some that were."""
    before = await page.evaluate(ASKED)
    opened: list[float] = []
    while len(opened) < first:
        await page.locator(".rows").evaluate("(rows, n) => { rows.scrollTop = n * 52 }", len(opened) + 30)
        await page.evaluate("window.__after()")
        links = await page.evaluate(HREFS)
        opened += [float(await page.evaluate(CHAT, link)) for link in links]
    asked = (await page.evaluate(ASKED) - before) / len(opened)
    links = await page.evaluate(HREFS)
    return opened, [float(await page.evaluate(CHAT, links[n % len(links)])) for n in range(again)], asked


async def _events(page: Page, desk: Desk, size: Size) -> list[Any]:
    """Customers write at `BUSY_RATE`: until it is due, and from its frame until it is painted."""
    await page.locator(".rows").evaluate("rows => { rows.scrollTop = 0 }")
    await page.evaluate("window.__watchRows()")
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    await page.evaluate("window.__long.length = 0")
    worked, frames, began = await _task_s(session), await page.evaluate("window.__all"), time.monotonic()
    start = began + 1.0
    await _traffic(desk, "shift", BUSY_RATE, size.latency_s, start)
    took = time.monotonic() - began
    worked, frames = await _task_s(session) - worked, await page.evaluate("window.__all") - frames
    found = await page.evaluate("[[...window.__frames], [...window.__shown], performance.timeOrigin]")
    framed, shown = dict(found[0]), dict(found[1])
    to_page = (time.time() - time.monotonic()) * 1000 - found[2]
    due = {text: (start + int(text.split()[1]) / BUSY_RATE) * 1000 + to_page for text in shown}
    longest = await page.evaluate("Math.max(0, ...window.__long)")
    seen = [at - due[text] for text, at in shown.items()]
    return [seen, [at - framed[text] for text, at in shown.items()], 100 * worked / took, longest, frames / took]


async def _written(page: Page, desk: Desk, size: Size) -> tuple[list[float], list[float], list[float]]:
    """Write while customers do."""
    await page.evaluate("link => link.click()", (await page.query_selector_all(".row"))[3])
    box = page.locator(".composer textarea")
    await box.wait_for()
    await page.locator(".timeline .bubble").first.wait_for()
    await page.evaluate("window.__watchKeys()")
    traffic = asyncio.create_task(_traffic(desk, "keys", RATE, size.latency_s, time.monotonic() + 0.5))
    await asyncio.sleep(0.5)
    while not traffic.done():
        await box.focus()
        await page.keyboard.type("We have it in 38.", delay=40)
        await page.keyboard.press("Enter")
        await asyncio.sleep(0.05)
    await traffic
    found = await page.evaluate("[window.__keys, window.__enters, window.__inp]")
    return found[0], found[1], found[2]


async def _traffic(desk: Desk, run: str, rate: float, seconds: float, start: float) -> None:
    mix = Mix(NUMBERS, APP_SECRET, run, known=desk.known)
    await generate(Plan(desk.hub.port, mix, round(rate * seconds), rate, seconds, start=start))
    await asyncio.sleep(0.5)


async def _task_s(session: Any) -> float:
    found = await session.send("Performance.getMetrics")
    return float(next(one["value"] for one in found["metrics"] if one["name"] == "TaskDuration"))


async def _prepended(page: Page, desk: Desk) -> float:
    """How far a message moves that one reads while older ones come in above it."""
    id = await desk.stack.value(LONG)
    script = 'a => { history.pushState(null, "", a); dispatchEvent(new PopStateEvent("popstate")); }'
    await page.evaluate(script, f"/dashboard/c/{id}?view=all")
    await page.locator(".bubble", has_text=f"line {MESSAGES}").wait_for()
    return float(await page.evaluate(PREPENDED))
