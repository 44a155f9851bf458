// What the inbox shows: each row and each chat is a signal of its own, so that an event paints one row and one chat, and
// nothing else.
import { batch, computed, type Signal, signal } from "@preact/signals";
import type { Chat, Conversation } from "../core/entities.ts";
import { isInSight, type Reader } from "../core/views.ts";
import { emptyWorld, forget, nothingTouched, putRow, type Touched } from "../core/world.ts";
import { may, me } from "./session.ts";

export type ConnectionState = "connecting" | "catching" | "live" | "offline";

const PAINT_MS = 24;
const RECENT = 64;

/** All that is known here; who changes it paints what was touched. */
export const world = emptyWorld();
const rowSignals = new Map<string, Signal<Conversation | null>>();
const chatSignals = new Map<string, Signal<Chat | null>>();
/** The department of conversations that were shown here and went out of sight. */
const wentTo = new Map<string, string | null>();
/** Rows that each of the last revisions changed. */
const recent = new Map<number, string[]>();
let painting: Touched | null = null;

/** Rises with each change of any row: lists and counts are made anew then. */
export const revision = signal(0);
export const connection = signal<{ state: ConnectionState; since: number; position: number }>({
  state: "connecting",
  since: Date.now(),
  position: 0,
});
/** There is something to show. */
export const isLoaded = signal(false);

export const reader = computed<Reader>(() => ({
  id: me.value?.id ?? "",
  departmentId: me.value?.departmentId ?? null,
}));
export function* conversations(): Generator<Conversation> {
  for (const row of world.rows.values()) yield row.conversation;
}

export function rowOf(id: string): Signal<Conversation | null> {
  let found = rowSignals.get(id);
  if (!found) {
    found = signal(world.rows.get(id)?.conversation ?? null);
    rowSignals.set(id, found);
  }
  return found;
}

/** The department to which a conversation went from here; null: to nobody who is known; undefined: it did not. */
export function whereItWent(id: string): string | null | undefined {
  return wentTo.get(id);
}

/** Which rows changed after a revision; null: that is too long ago to know. */
export function changedSince(from: number): Set<string> | null {
  if (revision.value - from > RECENT) return null;
  const found = new Set<string>();
  for (let n = from + 1; n <= revision.value; n++) for (const id of recent.get(n) ?? []) found.add(id);
  return found;
}

export function conversationAt(id: string): Conversation | null {
  return world.rows.get(id)?.conversation ?? null;
}

export function chatSignal(id: string): Signal<Chat | null> {
  let found = chatSignals.get(id);
  if (!found) {
    found = signal(world.chats.get(id) ?? null);
    chatSignals.set(id, found);
  }
  return found;
}

let readRow: (id: string) => void = () => {};

/** Have a conversation read that an event named and that is not known here. */
export function whenUnknown(read: (id: string) => void): void {
  readRow = read;
}

/** Paint what was touched, many events at a time; a hidden tab paints too, which an animation frame would not. */
export function paint(touched: Touched): void {
  if (painting) {
    for (const kind of ["rows", "chats", "gone", "unknown"] as const)
      for (const id of touched[kind]) painting[kind].add(id);
    return;
  }
  painting = touched;
  setTimeout(painted, PAINT_MS);
}

/** Paint at once, after something that the person did. */
export function painted(): void {
  const touched = painting;
  painting = null;
  if (!touched) return;
  batch(() => {
    for (const id of touched.rows) rowOf(id).value = world.rows.get(id)?.conversation ?? null;
    for (const id of touched.gone) {
      rowOf(id).value = null;
      if (!wentTo.has(id)) wentTo.set(id, null);
    }
    for (const id of touched.chats) chatSignal(id).value = world.chats.get(id) ?? null;
    if (touched.rows.size || touched.gone.size) {
      revision.value += 1;
      recent.set(revision.value, [...touched.rows, ...touched.gone]);
      recent.delete(revision.value - RECENT);
    }
    if (connection.value.position !== world.position)
      connection.value = { ...connection.value, position: world.position };
  });
  if (isLoaded.value) for (const id of touched.unknown) readRow(id);
}

/** Take rows away that the person may not see any more. */
export function leaveOutOfSight(touched: Touched): void {
  const seesAll = may("read-all-conversations");
  for (const id of touched.rows) {
    const row = world.rows.get(id);
    if (row && !isInSight(row.conversation, reader.value, seesAll)) {
      touched.rows.delete(id);
      wentTo.set(id, row.conversation.departmentId);
      forget(world, id, touched);
    }
  }
}

/** A chat that is not kept any more. */
export function forgetChat(id: string): void {
  world.chats.delete(id);
  chatSignals.delete(id);
}

/** Take what the hub answered to an action of one's own, before its event comes. */
export function took(conversation: Conversation): void {
  const touched = nothingTouched();
  putRow(world, conversation, Math.max(world.position, world.rows.get(conversation.id)?.position ?? 0), touched);
  leaveOutOfSight(touched);
  paint(touched);
  painted();
}
