// What the console knows of the hub, and how events change it. Snapshots and events may come in any order and more than
// once: an older one changes nothing. Rows and messages are never changed in place.
import type { Chat, Conversation, LastMessage, Message, NoteView, Row } from "./entities.ts";
import type { HubEvent } from "./events.ts";
import { byPlace, compare, inserted } from "./order.ts";
import type { MessageStatus } from "./schema.ts";

export interface World {
  rows: Map<string, Row>;
  chats: Map<string, Chat>;
  /** Position of the newest event that was applied. */
  position: number;
}

/** What an event touched: rows and chats to paint anew, and a conversation that has to be fetched. */
export interface Touched {
  rows: Set<string>;
  chats: Set<string>;
  gone: Set<string>;
  unknown: Set<string>;
}

export function emptyWorld(): World {
  return { rows: new Map(), chats: new Map(), position: 0 };
}

export function emptyChat(): Chat {
  return { messages: [], notes: [], goneNotes: new Set(), older: undefined, hasNewer: false, early: new Map() };
}

export function nothingTouched(): Touched {
  return { rows: new Set(), chats: new Set(), gone: new Set(), unknown: new Set() };
}

/** Apply one event of the log. */
export function reduce(world: World, event: HubEvent, touched: Touched = nothingTouched()): Touched {
  switch (event.name) {
    case "message-received":
    case "message-sent":
      addMessage(world, { ...event.message, position: event.position }, touched);
      aboutMessage(world, event.message, event.position, touched);
      break;
    case "message-changed":
      addMessage(world, event.message, touched, true);
      break;
    case "message-status":
      changeStatus(world, event, touched);
      break;
    case "conversation-queued":
    case "conversation-assigned":
    case "conversation-transferred":
    case "conversation-resolved":
    case "conversation-changed":
      putRow(world, event.conversation, event.position, touched);
      break;
    case "note-added":
    case "note-edited":
      addNotes(world, event.conversationId, [event.note], touched);
      break;
    case "note-deleted":
      dropNote(world, event.conversationId, event.noteId, touched);
      break;
    case "contact-erased":
      for (const id of event.conversationIds) forget(world, id, touched);
      break;
    default:
      break;
  }
  if ("position" in event && event.position > world.position) world.position = event.position;
  return touched;
}

/** Take a conversation as the hub shows it at `position`, unless a newer state of it is known. */
export function putRow(
  world: World,
  conversation: Conversation,
  position: number,
  touched: Touched,
  isRead = false,
): void {
  const known = world.rows.get(conversation.id);
  if (known && known.position > position) return;
  const last = newer(known?.conversation.lastMessage, conversation.lastMessage);
  world.rows.set(conversation.id, { conversation: { ...conversation, lastMessage: last }, position, isRead });
  touched.rows.add(conversation.id);
}

/** Merge a page of messages into a chat; `older`: the cursor to what is before them. */
export function putMessages(
  world: World,
  conversationId: string,
  messages: readonly Message[],
  older: string | null | undefined,
  touched: Touched,
): void {
  const chat = chatOf(world, conversationId);
  const known = new Map(chat.messages.map((m) => [m.id, m]));
  for (const message of messages) known.set(message.id, merged(known.get(message.id), withEarly(chat, message)));
  const list = [...known.values()].sort(byPlace);
  world.chats.set(conversationId, { ...chat, messages: list, older: older === undefined ? chat.older : older });
  touched.chats.add(conversationId);
}

/** Show another part of a chat in place of the present one. */
export function putWindow(
  world: World,
  conversationId: string,
  messages: readonly Message[],
  part: { older: string | null; hasNewer: boolean },
  touched: Touched,
): void {
  const chat = chatOf(world, conversationId);
  world.chats.set(conversationId, { ...chat, messages: [], hasNewer: part.hasNewer });
  putMessages(world, conversationId, messages, part.older, touched);
}

export function addNotes(world: World, conversationId: string, notes: readonly NoteView[], touched: Touched): void {
  const chat = world.chats.get(conversationId);
  if (!chat) return;
  const known = new Map(chat.notes.map((note) => [note.id, note]));
  for (const note of notes) {
    const before = known.get(note.id);
    if (!chat.goneNotes.has(note.id) && (before?.editedAt ?? "") <= (note.editedAt ?? "")) known.set(note.id, note);
  }
  const list = [...known.values()].sort((a, b) => compare(a.createdAt, b.createdAt) || compare(a.id, b.id));
  world.chats.set(conversationId, { ...chat, notes: list });
  touched.chats.add(conversationId);
}

export function dropNote(world: World, conversationId: string, noteId: string, touched: Touched): void {
  const chat = world.chats.get(conversationId);
  if (!chat) return;
  const notes = chat.notes.filter((note) => note.id !== noteId);
  world.chats.set(conversationId, { ...chat, notes, goneNotes: new Set(chat.goneNotes).add(noteId) });
  touched.chats.add(conversationId);
}

export function forget(world: World, conversationId: string, touched: Touched): void {
  world.rows.delete(conversationId);
  world.chats.delete(conversationId);
  touched.gone.add(conversationId);
}

export function chatOf(world: World, conversationId: string): Chat {
  let chat = world.chats.get(conversationId);
  if (!chat) {
    chat = emptyChat();
    world.chats.set(conversationId, chat);
  }
  return chat;
}

/** Show a message in its chat, if that is open; `replaces`: it is newer than the one that is known. */
function addMessage(world: World, message: Message, touched: Touched, replaces = false): void {
  const chat = world.chats.get(message.conversationId);
  if (!chat) return;
  const known = chat.messages.find((m) => m.id === message.id);
  if ((replaces || chat.hasNewer) && !known) return;
  const shown = replaces ? withStatus(message, known) : merged(known, withEarly(chat, message));
  world.chats.set(message.conversationId, { ...chat, messages: inserted(chat.messages, shown, byPlace) });
  touched.chats.add(message.conversationId);
}

/** A new message changes its conversation's row, which no event of its own tells. */
function aboutMessage(world: World, message: Message, position: number, touched: Touched): void {
  const row = world.rows.get(message.conversationId);
  if (!row) {
    touched.unknown.add(message.conversationId);
    return;
  }
  if (row.position >= position) return;
  const { conversation } = row;
  if (row.isRead && isCounted(conversation.lastMessage, message)) {
    world.rows.set(message.conversationId, { ...row, position });
    return;
  }
  const unreadCount =
    message.direction === "INBOUND" ? conversation.unreadCount + 1 : message.senderId ? 0 : conversation.unreadCount;
  const lastMessage = newer(conversation.lastMessage, lastOf(message));
  const isFromCustomer = message.direction === "INBOUND";
  const waitingSince = isFromCustomer
    ? (conversation.waitingSince ?? message.createdAt)
    : message.senderId
      ? null
      : conversation.waitingSince;
  const changed = { ...conversation, unreadCount, lastMessage, lastMessageAt: lastMessage?.at ?? null, waitingSince };
  world.rows.set(message.conversationId, { conversation: changed, position });
  touched.rows.add(message.conversationId);
}

/** Whether a conversation, as it was read, has this message already. */
function isCounted(last: LastMessage | null | undefined, message: Message): boolean {
  return Boolean(last && (last.id === message.id || last.at > message.createdAt));
}

type StatusEvent = Extract<HubEvent, { name: "message-status" }>;

function changeStatus(world: World, event: StatusEvent, touched: Touched): void {
  const change: Partial<Message> = {
    status: event.status,
    outcome: event.outcome ?? null,
    error: event.error ?? null,
    ...(event.whatsappMessageId ? { whatsappMessageId: event.whatsappMessageId } : {}),
  };
  const chat = world.chats.get(event.conversationId);
  if (chat) {
    const known = chat.messages.find((m) => m.id === event.messageId);
    if (known) {
      const messages = chat.messages.map((m) => (m.id === event.messageId ? moved(m, change) : m));
      world.chats.set(event.conversationId, { ...chat, messages });
      touched.chats.add(event.conversationId);
    } else {
      chat.early.set(event.messageId, { ...chat.early.get(event.messageId), ...change });
    }
  }
  const row = world.rows.get(event.conversationId);
  const last = row?.conversation.lastMessage;
  if (row && last?.id === event.messageId && isForward(last.status, event.status)) {
    const conversation = { ...row.conversation, lastMessage: { ...last, status: event.status } };
    world.rows.set(event.conversationId, { ...row, conversation });
    touched.rows.add(event.conversationId);
  }
}

const RANK: Record<MessageStatus, number> = { PENDING: 0, SENT: 1, DELIVERED: 2, READ: 3, FAILED: 4 };

/** A message's state only ever goes forward. */
export function isForward(from: MessageStatus, to: MessageStatus): boolean {
  return RANK[to] >= RANK[from] && !(from === "FAILED" && to !== "FAILED");
}

function moved(message: Message, change: Partial<Message>): Message {
  if (!change.status || !isForward(message.status, change.status)) return message;
  return { ...message, ...change };
}

function withEarly(chat: Chat, message: Message): Message {
  const early = chat.early.get(message.id);
  if (!early) return message;
  chat.early.delete(message.id);
  return moved(message, early);
}

/** Of two states of one message the further one; what both lack in common is taken from the new one. */
function merged(known: Message | undefined, message: Message): Message {
  return known ? withStatus(message, known) : message;
}

function withStatus(message: Message, known: Message | undefined): Message {
  const whatsappMessageId = message.whatsappMessageId ?? known?.whatsappMessageId ?? null;
  const placed = { seq: message.seq ?? known?.seq ?? null, position: message.position ?? known?.position };
  if (!known || isForward(known.status, message.status)) return { ...message, ...placed, whatsappMessageId };
  const { status, outcome, error } = known;
  return { ...message, ...placed, whatsappMessageId, status, outcome, error };
}

function lastOf(message: Message): LastMessage {
  const { id, type, direction, status } = message;
  return { id, type, preview: message.content ?? "", direction, at: message.createdAt, status };
}

function newer(a: LastMessage | null | undefined, b: LastMessage | null | undefined): LastMessage | null {
  if (!a || !b) return b ?? a ?? null;
  if (a.id === b.id) return isForward(a.status, b.status) ? b : a;
  return a.at > b.at ? a : b;
}
