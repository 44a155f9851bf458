import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conversation, Message, NoteView } from "./entities.ts";
import type { HubEvent } from "./events.ts";
import { addNotes, emptyWorld, nothingTouched, putMessages, putRow, reduce, type World } from "./world.ts";

const conversation = (id: string, more: Partial<Conversation> = {}): Conversation =>
  ({
    id,
    status: "OPEN",
    unreadCount: 0,
    labels: [],
    breaches: [],
    updatedAt: "2026-01-01T00:00:00Z",
    ...more,
  }) as Conversation;

const message = (n: number, more: Partial<Message> = {}): Message =>
  ({
    id: `m${String(n).padStart(3, "0")}`,
    conversationId: "c1",
    direction: "INBOUND",
    type: "TEXT",
    content: `text ${n}`,
    status: "DELIVERED",
    outcome: null,
    error: null,
    senderId: null,
    createdAt: new Date(1_700_000_000_000 + n * 1000).toISOString(),
    ...more,
  }) as Message;

const received = (n: number, position: number): HubEvent => ({
  name: "message-received",
  conversationId: "c1",
  message: message(n),
  position,
});

function open(world: World): void {
  putRow(world, conversation("c1"), 0, nothingTouched());
  putMessages(world, "c1", [], null, nothingTouched());
}

test("an event that came twice is applied once", () => {
  const world = emptyWorld();
  open(world);
  for (const event of [received(1, 1), received(1, 1), received(2, 2)]) reduce(world, event);
  assert.equal(world.rows.get("c1")?.conversation.unreadCount, 2);
  assert.deepEqual(
    world.chats.get("c1")?.messages.map((m) => m.id),
    ["m001", "m002"],
  );
});

test("any interleaving of a snapshot and the events gives the hub's order", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = generator(seed);
    const world = emptyWorld();
    putMessages(world, "c1", [], undefined, nothingTouched());
    const upto = Math.floor(random() * 12);
    const steps: (() => void)[] = [];
    for (let n = 0; n < 12; n++) steps.push(() => reduce(world, received(n, n + 1)));
    const snapshot = Array.from({ length: upto }, (_, n) => message(n));
    const at = Math.floor(random() * 13);
    steps.splice(at, 0, () => putMessages(world, "c1", snapshot, null, nothingTouched()));
    for (const again of [Math.floor(random() * 12), Math.floor(random() * 12)]) steps.push(steps[again]!);
    for (const step of steps) step();
    assert.deepEqual(
      world.chats.get("c1")?.messages.map((m) => m.id),
      Array.from({ length: 12 }, (_, n) => message(n).id),
    );
  }
});

test("a message's state never goes back, whichever of answer, event and page comes first", () => {
  const world = emptyWorld();
  open(world);
  const sent = message(1, { direction: "OUTBOUND", senderId: "u1", status: "PENDING" });
  reduce(world, { name: "message-status", messageId: sent.id, conversationId: "c1", status: "READ", position: 3 });
  putMessages(world, "c1", [sent], undefined, nothingTouched());
  assert.equal(world.chats.get("c1")?.messages[0]?.status, "READ");
  reduce(world, { name: "message-sent", conversationId: "c1", message: sent, position: 1 });
  assert.equal(world.chats.get("c1")?.messages[0]?.status, "READ");
});

test("a snapshot that is older than an event does not undo it", () => {
  const world = emptyWorld();
  const touched = nothingTouched();
  const taken = conversation("c1", { status: "ASSIGNED", assignedUserId: "u1" });
  reduce(world, { name: "conversation-assigned", conversation: taken, reason: "taken", position: 9 });
  putRow(world, conversation("c1"), 5, touched);
  assert.equal(world.rows.get("c1")?.conversation.status, "ASSIGNED");
});

test("a message that the list had already is not counted twice", () => {
  const world = emptyWorld();
  const last = { id: message(1).id, at: message(1).createdAt } as Conversation["lastMessage"];
  putRow(world, conversation("c1", { unreadCount: 1, lastMessage: last }), 0, nothingTouched(), true);
  reduce(world, received(1, 5));
  reduce(world, received(2, 6));
  assert.equal(world.rows.get("c1")?.conversation.unreadCount, 2);
});

test("a message of a conversation that is not known asks for it", () => {
  assert.deepEqual([...reduce(emptyWorld(), received(1, 1)).unknown], ["c1"]);
});

test("an own answer makes a conversation read", () => {
  const world = emptyWorld();
  open(world);
  reduce(world, received(1, 1));
  const answer = message(2, { direction: "OUTBOUND", senderId: "u1", status: "PENDING" });
  reduce(world, { name: "message-sent", conversationId: "c1", message: answer, position: 2 });
  assert.equal(world.rows.get("c1")?.conversation.unreadCount, 0);
  assert.equal(world.rows.get("c1")?.conversation.lastMessage?.id, answer.id);
});

test("a note's last edit counts, and a deleted one stays away, whatever comes later", () => {
  const world = emptyWorld();
  open(world);
  const note = (content: string, editedAt: string | null): NoteView => ({
    id: "n1",
    conversationId: "c1",
    userId: "u1",
    content,
    createdAt: "2026-01-01T00:00:00Z",
    mentions: [],
    editedAt,
  });
  const said = (): string[] | undefined => world.chats.get("c1")?.notes.map((one) => one.content);
  const edited = note("later", "2026-01-01T00:02:00Z");
  reduce(world, { name: "note-edited", conversationId: "c1", note: edited, position: 3 });
  reduce(world, { name: "note-added", conversationId: "c1", note: note("first", null), position: 1 });
  addNotes(world, "c1", [note("between", "2026-01-01T00:01:00Z")], nothingTouched());
  assert.deepEqual(said(), ["later"]);
  reduce(world, { name: "note-deleted", conversationId: "c1", noteId: "n1", position: 4 });
  addNotes(world, "c1", [edited], nothingTouched());
  assert.deepEqual(said(), []);
});

/** Make a repeatable source of numbers between 0 and 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
