import assert from "node:assert/strict";
import { test } from "node:test";
import { laterTimes, spanOf, urgencyOf } from "./clock.ts";
import type { Conversation, Message } from "./entities.ts";
import { pieces } from "./found.ts";
import { changed, kept } from "./kept.ts";
import { tokens } from "./marks.ts";
import { byPlace, compare, inserted } from "./order.ts";
import { ASK_AFTER_MS, aged, type Entry, nextToSend } from "./outbox.ts";
import { asked, choiceOf, counted, isShown, matches, queryOf, USUAL } from "./views.ts";

const reader = { id: "u1", departmentId: "d1" };
const base = {
  id: "c",
  status: "OPEN",
  unreadCount: 0,
  labels: [],
  breaches: [],
  bot: null,
} as unknown as Conversation;
const entry = (key: string, at: number, more: Partial<Entry> = {}): Entry => ({
  key,
  userId: "u1",
  conversationId: "c1",
  content: key,
  replyTo: null,
  at,
  state: "waiting",
  problem: null,
  became: null,
  ...more,
});

test("marks become tokens, and HTML stays text", () => {
  assert.deepEqual(tokens("<b>x</b>"), [{ kind: "text", text: "<b>x</b>" }]);
  assert.deepEqual(tokens("a *b* c"), [
    { kind: "text", text: "a " },
    { kind: "bold", children: [{ kind: "text", text: "b" }] },
    { kind: "text", text: " c" },
  ]);
  assert.equal(tokens("2*3*4").length, 1);
});

test("a link ends before the sentence does, and javascript: is none", () => {
  const [, link] = tokens("see https://example.com/a?b=1. Bye");
  assert.deepEqual(link, { kind: "link", text: "https://example.com/a?b=1", href: "https://example.com/a?b=1" });
  assert.deepEqual(tokens("javascript:alert(1)"), [{ kind: "text", text: "javascript:alert(1)" }]);
});

test("what waits is sent in order, one conversation at a time, and not behind what was refused", () => {
  const first = entry("a", 1, { state: "refused" });
  assert.equal(nextToSend([first, entry("b", 2)], 3), null);
  assert.equal(nextToSend([first, entry("b", 2), entry("c", 3, { conversationId: "c2" })], 4)?.key, "c");
});

test("what is older than ten minutes is asked about", () => {
  assert.equal(nextToSend([entry("a", 0)], ASK_AFTER_MS + 1), null);
  assert.equal(aged([entry("a", 0)], ASK_AFTER_MS + 1)[0]?.state, "stale");
});

test("views are counted and shown by the same rule", () => {
  const mine = {
    ...base,
    id: "m",
    status: "ASSIGNED",
    assignedUserId: "u1",
    unreadCount: 2,
    departmentId: "d1",
  } as Conversation;
  const free = { ...base, id: "f", assignedUserId: null, departmentId: null } as Conversation;
  const counts = counted([mine, free], reader);
  assert.deepEqual([counts.mine, counts.waiting, counts.unassigned, counts.department, counts.all], [1, 1, 1, 1, 2]);
  assert.ok(isShown(mine, { ...USUAL, view: "waiting" }, reader));
});

test("a choice is its address", () => {
  const choice = { ...USUAL, view: "all", sort: "due", search: "ana", breached: true } as const;
  assert.deepEqual(choiceOf(new URLSearchParams(queryOf(choice)), "mine"), choice);
});

test("names are found without accents, numbers by their digits", () => {
  const joao = { ...base, customerName: "João Lima", customerPhone: "5511988884821" } as Conversation;
  assert.ok(matches(joao, "joao"));
  assert.ok(matches(joao, "98888-4821"));
  assert.ok(!matches(joao, "maria"));
});

test("an item moves to its place", () => {
  const order = (a: { n: string }, b: { n: string }): number => compare(a.n, b.n);
  const list = [
    { id: "1", n: "a" },
    { id: "2", n: "c" },
  ];
  assert.deepEqual(
    inserted(list, { id: "1", n: "d" }, order).map((x) => x.id),
    ["2", "1"],
  );
});

test("on a Monday, Monday is the next one", () => {
  const monday = new Date(2026, 10, 30, 15);
  assert.deepEqual(
    laterTimes(monday).map(({ at }) => [at.getDate(), at.getHours()]),
    [
      [30, 16],
      [30, 18],
      [1, 9],
      [7, 9],
    ],
  );
});

test("time left is said in few signs", () => {
  assert.deepEqual([spanOf(180_000), spanOf(18_600_000), spanOf(200_000_000)], ["3 min", "5 h 10", "2 d"]);
  assert.equal(urgencyOf("2026-01-01T00:05:00Z", Date.parse("2026-01-01T00:00:00Z")), "warning");
});

test("a list stops where the hub has listed to, since what follows may not be known", () => {
  const mine = { ...base, status: "ASSIGNED", assignedUserId: "u1", lastMessageAt: "2026-01-09" } as const;
  const at = (id: string, waitingSince: string | null) => ({ ...mine, id, waitingSince });
  const all = [at("c", "2026-01-03"), at("a", "2026-01-01"), at("d", null), at("b", "2026-01-02")];
  const choice = { ...USUAL, view: "all", sort: "waiting" } as const;
  assert.deepEqual(kept(all, { choice, reader, upTo: null }).ids, ["a", "b", "c", "d"]);
  assert.deepEqual(kept(all, { choice, reader, upTo: all[3]! }).ids, ["a", "b"]);
});

test("a message's place is the hub's, then that of its event, whatever its time; what is being sent is last", () => {
  const at = (id: string, seq: number | null, position: number | undefined, createdAt: string) =>
    ({ id, seq, position, createdAt }) as Message;
  const placed = [
    at("a", 4, 9, "2026-01-05"),
    at("b", 7, undefined, "2026-01-04"),
    at("c", null, 11, "2026-01-03"),
    at("d", null, 12, "2026-01-01"),
    at("e", null, undefined, "2026-01-02"),
  ];
  assert.deepEqual([...placed].reverse().sort(byPlace), placed);
});

test("a list that is kept while conversations change is the one that would be made anew", () => {
  let seed = 7;
  const random = (most: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % most;
  };
  const made = (id: number): Conversation => ({
    ...base,
    id: `c${id}`,
    status: random(5) ? "ASSIGNED" : "RESOLVED",
    assignedUserId: random(2) ? "u1" : "u2",
    lastMessageAt: `2026-01-${String(1 + random(28)).padStart(2, "0")}`,
    waitingSince: random(2) ? `2026-02-${String(1 + random(28)).padStart(2, "0")}` : null,
    priority: (["LOW", "NORMAL", "HIGH", "URGENT"] as const)[random(4)]!,
  });
  for (const sort of ["newest", "waiting", "priority"] as const) {
    const all = new Map(Array.from({ length: 40 }, (_, n) => [`c${n}`, made(n)]));
    const choice = { ...USUAL, view: random(2) ? "all" : "mine", sort } as const;
    let list = kept(all.values(), { choice, reader, upTo: null });
    for (let step = 0; step < 60; step++) {
      const some = new Set(Array.from({ length: 1 + random(4) }, () => random(50)));
      for (const n of some) {
        if (random(6)) all.set(`c${n}`, made(n));
        else all.delete(`c${n}`);
      }
      list = changed(list, new Set([...some].map((n) => `c${n}`)), (id) => all.get(id) ?? null);
      assert.deepEqual(list.ids, kept(all.values(), list).ids);
    }
  }
});

test("what is asked of the hub is the choice; closed conversations have one order", () => {
  const choice = { ...USUAL, view: "resolved", sort: "due", unread: true, priority: "HIGH" } as const;
  const { view, sort, unread, priority, breached } = asked(choice);
  assert.deepEqual([view, sort, unread, priority, breached], ["resolved", null, "true", "HIGH", null]);
});

test("a hit is shown with its words marked, whatever their case, accents and endings", () => {
  const shown = pieces(`${"x ".repeat(60)}A Cobrança veio errada`, "cobrancas");
  assert.deepEqual(
    shown.filter((one) => one.isHit).map((one) => one.text),
    ["Cobrança"],
  );
  assert.equal(shown[0]!.text, "…");
  assert.deepEqual(pieces("nothing here", "boleto"), [{ text: "nothing here", isHit: false }]);
  assert.equal(
    pieces("😀 olá 😀", "ola")
      .map((one) => one.text)
      .join(""),
    "😀 olá 😀",
  );
});
