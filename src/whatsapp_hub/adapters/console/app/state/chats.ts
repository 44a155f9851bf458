// The chats that are open: their messages and notes, read page by page, with what came meanwhile.
import type { ConversationDetail, Message, NoteView } from "../core/entities.ts";
import type { HubEvent } from "../core/events.ts";
import type { MessagePage } from "../core/schema.ts";
import {
  addNotes,
  chatOf,
  dropNote,
  nothingTouched,
  putMessages,
  putRow,
  putWindow,
  reduce,
  type Touched,
} from "../core/world.ts";
import { api } from "./api.ts";
import { chatSignal, forgetChat, paint, painted, whenUnknown, world } from "./painting.ts";
import * as scheduled from "./scheduled.ts";

const KEPT_EVENTS = 500;
const CHATS_KEPT = 20;

const recentEvents: HubEvent[] = [];
const opened: string[] = [];
const fetching = new Set<string>();

/** Keep an event for a while: what is read next may be older than it. */
export function remember(event: HubEvent): void {
  recentEvents.push(event);
  if (recentEvents.length > KEPT_EVENTS) recentEvents.shift();
}

/** Read all open chats anew. */
export function loadOpened(): void {
  for (const id of opened) void loadChat(id).catch(() => {});
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
    forgetChat(opened.shift()!);
  }
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

export function droppedNote(conversationId: string, noteId: string): void {
  const touched = nothingTouched();
  dropNote(world, conversationId, noteId, touched);
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

whenUnknown((id) => void fetchRow(id));
