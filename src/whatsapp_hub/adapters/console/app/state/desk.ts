// The inbox's state: kept live by one connection, resumed by position. Each row and each chat is a signal of its own, so
// that an event paints one row and one chat, and nothing else.
import { batch, computed, type Signal, signal } from "@preact/signals";
import type { Chat, Conversation, ConversationDetail, Message, NoteView } from "../core/entities.ts";
import { type HubEvent, positionOf } from "../core/events.ts";
import type { MessagePage } from "../core/schema.ts";
import { isInSight, type Reader } from "../core/views.ts";
import {
  addNotes,
  chatOf,
  emptyWorld,
  forget,
  nothingTouched,
  putMessages,
  putRow,
  putWindow,
  reduce,
  type Touched,
} from "../core/world.ts";
import { type Answer, type LiveListener, Problem } from "../ports/index.ts";
import { takeFirstPage } from "./ahead.ts";
import { api } from "./api.ts";
import * as directory from "./directory.ts";
import { heard } from "./hearing.ts";
import { live } from "./live.ts";
import * as scheduled from "./scheduled.ts";
import { may, me, recognise, standing } from "./session.ts";

export type ConnectionState = "connecting" | "catching" | "live" | "offline";

const FURTHER = 200;
const MOST_ROWS = 6_000;
const KEPT_EVENTS = 500;
const CHATS_KEPT = 20;
const PAINT_MS = 24;
const RECENT = 64;
const AGAIN_MS = 2_000;

const world = emptyWorld();
const rowSignals = new Map<string, Signal<Conversation | null>>();
const chatSignals = new Map<string, Signal<Chat | null>>();
const recentEvents: HubEvent[] = [];
const opened: string[] = [];
const fetching = new Set<string>();
/** The department of conversations that were shown here and went out of sight. */
const wentTo = new Map<string, string | null>();
let buffer: HubEvent[] | null = null;
/** Rows that each of the last revisions changed. */
const recent = new Map<number, string[]>();
let painting: Touched | null = null;
let beginning: Promise<void> | null = null;
let wasLive = false;

/** Rises with each change of any row: lists and counts are made anew then. */
export const revision = signal(0);
export const connection = signal<{ state: ConnectionState; since: number; position: number }>({
  state: "connecting",
  since: Date.now(),
  position: 0,
});
export const isLoaded = signal(false);
export const loadProblem = signal<unknown>(null);
export const wasReset = signal(false);
/** All live conversations in sight are known here: lists and counts need no hub. */
export const isWhole = signal(false);

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

/** Paint what was touched, many events at a time; a hidden tab paints too, which an animation frame would not. */
function paint(touched: Touched): void {
  if (painting) {
    for (const kind of ["rows", "chats", "gone", "unknown"] as const)
      for (const id of touched[kind]) painting[kind].add(id);
    return;
  }
  painting = touched;
  setTimeout(painted, PAINT_MS);
}

/** Paint at once, after something that the person did. */
function painted(): void {
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
  for (const id of touched.unknown) if (isLoaded.value) void fetchRow(id);
}

function leaveOutOfSight(touched: Touched): void {
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

function apply(event: HubEvent): void {
  const touched = reduce(world, event);
  leaveOutOfSight(touched);
  paint(touched);
}

const listener: LiveListener = {
  connected() {
    if (!wasLive) {
      // a moment after the first page: what came since is on its way
      wasLive = true;
      become("live");
    } else {
      become("catching");
      void measure();
    }
  },
  event(event) {
    for (const hear of others) hear(event);
    if (event.name === "agent-status") return directory.presence(event.userId, event.status);
    if (event.name === "session-changed") directory.sessionState(event.sessionId, event.status, event.statusReason);
    if (event.name !== "typing" && event.name !== "viewers" && positionOf(event) !== undefined) {
      recentEvents.push(event);
      if (recentEvents.length > KEPT_EVENTS) recentEvents.shift();
      if (buffer) buffer.push(event);
      else apply(event);
    }
    heard(event, connection.value.state === "live");
  },
  reset(position) {
    world.position = position;
    wasReset.value = true;
    for (const [id, chat] of world.chats)
      if (chat.older !== undefined) world.chats.set(id, { ...chat, messages: [], older: undefined, hasNewer: false });
    buffer = [];
    void anew();
  },
  disconnected() {
    if (connection.value.state !== "offline") become("offline");
  },
  dismissed(code) {
    if (code === "changed" || code === "unauthenticated" || code === "refused") void recognise().then(directory.load);
    if (code === "unauthenticated" && standing.value === "in") standing.value = "expired";
  },
};

function become(state: ConnectionState): void {
  connection.value = { state, since: Date.now(), position: world.position };
}

/** Begin: read the newest conversations, connect from the position that they reflect, then read all that are live.
 * Returns once there is something to show. */
export function start(): Promise<void> {
  beginning ??= begin();
  const begun = beginning;
  live.start(listener, () => begun.then(() => world.position));
  return begun;
}

async function begin(): Promise<void> {
  for (;;) {
    loadProblem.value = null;
    try {
      const answer = await takeFirstPage();
      world.position = answer.position ?? 0;
      take(answer, world.position);
      isLoaded.value = true;
      painted();
      void rest(answer.next).catch(() => {});
      return;
    } catch (error) {
      loadProblem.value = error;
      become("offline");
      if (!(error instanceof Problem) || (error.status < 500 && !error.isOffline)) {
        beginning = null;
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

/** Read everything anew, where the log no longer has what was missed. */
async function anew(): Promise<void> {
  isWhole.value = false;
  become("catching");
  loadProblem.value = null;
  try {
    const { next } = await page({ status: "OPEN,ASSIGNED", limit: FURTHER });
    const waiting = buffer ?? [];
    buffer = null;
    for (const event of waiting) apply(event);
    painted();
    become("live");
    for (const id of opened) void loadChat(id).catch(() => {});
    await rest(next);
  } catch (error) {
    loadProblem.value = error;
    if (error instanceof Problem && (error.isOffline || error.status >= 500))
      setTimeout(() => buffer && void anew(), AGAIN_MS);
  }
}

async function rest(cursor: string | null): Promise<void> {
  let next = cursor;
  while (next && world.rows.size < MOST_ROWS) {
    await new Promise((resolve) => setTimeout(resolve, 120));
    next = (await page({ status: "OPEN,ASSIGNED", limit: FURTHER, cursor: next })).next;
  }
  isWhole.value = next === null;
}

/** Read a page of the list; `last`: the last conversation of it, `next`: the cursor to what follows. */
export async function page(
  query: Record<string, string | number | null>,
): Promise<{ next: string | null; last: Conversation | null }> {
  const before = world.position;
  const answer = await api.get<Conversation[]>("/api/conversations", query);
  take(answer, before);
  return { next: answer.next, last: answer.data.at(-1) ?? null };
}

function take(answer: Answer<Conversation[]>, before: number): void {
  const touched = nothingTouched();
  for (const conversation of answer.data) putRow(world, conversation, answer.position ?? before, touched, true);
  paint(touched);
}

/** Find out that everything missed has come: the hub sends it before it answers what is asked afterwards. */
async function measure(): Promise<void> {
  try {
    await api.get("/api/conversations", { limit: 1, status: "OPEN" });
    let seen = -1;
    while (seen !== world.position) {
      seen = world.position;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    if (connection.value.state === "catching") become("live");
  } catch {
    setTimeout(() => connection.value.state === "catching" && void measure(), 1_000);
  }
}

async function fetchRow(id: string): Promise<void> {
  if (fetching.has(id)) return;
  fetching.add(id);
  try {
    await loadConversation(id);
  } catch {
    // out of sight, or the hub is away: the next event asks again
  } finally {
    fetching.delete(id);
  }
}

async function loadConversation(id: string, isOpened = false): Promise<void> {
  const before = world.position;
  const include = isOpened ? "notes,scheduled" : null;
  const { data, position } = await api.get<ConversationDetail>(`/api/conversations/${id}`, { include });
  const { messages, nextCursor, contact: _, notes, scheduled: planned, ...conversation } = data;
  const touched = nothingTouched();
  putRow(world, conversation, position ?? before, touched, true);
  if (notes) addNotes(world, id, notes, touched);
  if (planned) scheduled.put(id, planned);
  if (world.chats.has(id) && !chatOf(world, id).hasNewer)
    putMessages(world, id, messages, chatOf(world, id).messages.length ? undefined : nextCursor, touched);
  for (const event of recentEvents) if (conversationOf(event) === id) reduce(world, event, touched);
  touched.unknown.clear();
  paint(touched);
}

/** Open a chat: its newest messages and its notes. What comes meanwhile is merged. */
export async function loadChat(id: string): Promise<void> {
  keepOpened(id);
  const chat = chatOf(world, id);
  chatSignal(id);
  if (chat.older !== undefined) return;
  await loadConversation(id, true);
  const touched = nothingTouched();
  const loaded = chatOf(world, id);
  if (loaded.older === undefined) world.chats.set(id, { ...loaded, older: null });
  touched.chats.add(id);
  paint(touched);
  painted();
}

/** Read the page before the oldest message that is shown. */
export async function loadOlder(id: string): Promise<void> {
  const cursor = chatOf(world, id).older;
  if (!cursor) return;
  const { data } = await api.get<{ messages: Message[]; nextCursor?: string }>(`/api/conversations/${id}/messages`, {
    limit: 50,
    cursor,
  });
  const touched = nothingTouched();
  putMessages(world, id, data.messages, data.nextCursor ?? null, touched);
  paint(touched);
  painted();
}

/** Show a message with what was said around it, unless it is shown already. */
export async function loadAround(id: string, messageId: string): Promise<void> {
  if (chatOf(world, id).messages.some((m) => m.id === messageId)) return;
  await showPart(id, { around: messageId, limit: 80 });
}

/** Go back to the newest messages. */
export async function loadNewest(id: string): Promise<void> {
  if (chatOf(world, id).hasNewer) await showPart(id, { limit: 50 });
}

/** Read on towards the newest. */
export async function loadNewer(id: string): Promise<void> {
  const chat = chatOf(world, id);
  const last = chat.messages.at(-1)?.seq;
  if (!chat.hasNewer || typeof last !== "number") return;
  const { data } = await api.get<MessagePage>(`/api/conversations/${id}/messages`, { after: last, limit: 80 });
  const touched = nothingTouched();
  world.chats.set(id, { ...chatOf(world, id), hasNewer: data.hasNewer === true });
  putMessages(world, id, data.messages, undefined, touched);
  shown(id, touched);
}

async function showPart(id: string, part: Record<string, string | number>): Promise<void> {
  const { data } = await api.get<MessagePage>(`/api/conversations/${id}/messages`, part);
  const touched = nothingTouched();
  putWindow(world, id, data.messages, { older: data.nextCursor ?? null, hasNewer: data.hasNewer === true }, touched);
  shown(id, touched);
}

/** Paint a part of a chat, and what came while it was read. */
function shown(id: string, touched: Touched): void {
  for (const event of recentEvents) if (conversationOf(event) === id) reduce(world, event, touched);
  touched.unknown.clear();
  paint(touched);
  painted();
}

/** Read a conversation that is named somewhere and not known yet. */
export function need(id: string): void {
  if (!world.rows.has(id)) void fetchRow(id);
}

function keepOpened(id: string): void {
  const place = opened.indexOf(id);
  if (place >= 0) opened.splice(place, 1);
  opened.push(id);
  if (opened.length > CHATS_KEPT) {
    const old = opened.shift()!;
    world.chats.delete(old);
    chatSignals.delete(old);
  }
}

/** Take what the hub answered to an action of one's own, before its event comes. */
export function took(conversation: Conversation): void {
  const touched = nothingTouched();
  putRow(world, conversation, Math.max(world.position, world.rows.get(conversation.id)?.position ?? 0), touched);
  leaveOutOfSight(touched);
  paint(touched);
  painted();
}

export function tookMessage(message: Message): void {
  const touched = nothingTouched();
  if (world.chats.has(message.conversationId) && !chatOf(world, message.conversationId).hasNewer)
    putMessages(world, message.conversationId, [message], undefined, touched);
  paint(touched);
  painted();
}

export function tookNote(note: NoteView): void {
  const touched = nothingTouched();
  addNotes(world, note.conversationId, [note], touched);
  paint(touched);
  painted();
}

function conversationOf(event: HubEvent): string | undefined {
  return "conversationId" in event
    ? event.conversationId
    : "conversation" in event
      ? event.conversation?.id
      : undefined;
}

const others: ((event: HubEvent) => void)[] = [];

/** Show each event to somebody else too, before it is painted. */
export function alsoHear(hear: (event: HubEvent) => void): void {
  others.push(hear);
}
