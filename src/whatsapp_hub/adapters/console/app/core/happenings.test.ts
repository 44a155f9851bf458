import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conversation } from "./entities.ts";
import { fromLog, fromSocket, joined } from "./happenings.ts";
import type { EventView } from "./schema.ts";

const conversation = { id: "c", updatedAt: "2026-11-27T10:00:00Z" } as Conversation;

function logged(type: string, position: number, at = "2026-11-27T10:00:00Z"): EventView {
  const event = { id: `evt_${position}`, type, position, occurredAt: at, sessionId: null, data: { conversation } };
  return event as unknown as EventView;
}

test("the log and the socket tell the same line", () => {
  const heard = fromSocket({ name: "conversation-assigned", conversation, position: 7, reason: "free" });
  assert.deepEqual(heard, fromLog(logged("conversation.assigned", 7)));
  const changed = fromSocket({ name: "conversation-changed", conversation, position: 8, reason: "reopened" });
  assert.equal(changed?.type, "conversation.reopened");
});

test("what is no line of the chat is left out", () => {
  assert.equal(fromLog(logged("conversation.read", 3)), null);
  assert.equal(fromSocket({ name: "agent-status", userId: "u", status: "ONLINE" }), null);
});

test("lines stand once, in the log's order; a wait that ends at once is none", () => {
  const lines = (...events: EventView[]) => events.map(fromLog).filter((one) => one !== null);
  const known = lines(logged("conversation.assigned", 5), logged("conversation.resolved", 9));
  const more = lines(logged("conversation.queued", 4), logged("conversation.assigned", 5));
  assert.deepEqual(
    joined(known, more).map((one) => one.position),
    [5, 9],
  );
  const waited = lines(logged("conversation.queued", 4), logged("conversation.assigned", 5, "2026-11-27T10:01:00Z"));
  assert.equal(joined(waited, []).length, 2);
});
