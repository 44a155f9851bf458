// What a person does with a conversation. The hub's answer is taken over at once; a refusal says what happened.
import type { Conversation, Message, NoteView, UserView } from "../core/entities.ts";
import { mentionedIn } from "../core/mentions.ts";
import { Problem } from "../ports/index.ts";
import { api } from "./api.ts";
import * as chats from "./chats.ts";
import { users } from "./directory.ts";
import { t } from "./i18n.ts";
import { readersOf } from "./mentions.ts";
import * as painting from "./painting.ts";
import { complain, say } from "./toasts.ts";

async function act(id: string, verb: string, body?: unknown, method: "POST" | "PATCH" = "POST"): Promise<boolean> {
  try {
    const path = verb ? `/api/conversations/${id}/${verb}` : `/api/conversations/${id}`;
    const { data } = await api.send<Conversation>(method, path, body);
    painting.took(data);
    return true;
  } catch (error) {
    complain(error);
    if (error instanceof Problem && error.status === 409) await chats.loadChat(id).catch(() => {});
    return false;
  }
}

export const take = (id: string): Promise<boolean> => act(id, "assign");
export const assign = (id: string, userId: string): Promise<boolean> => act(id, "assign", { userId });
export const takeThread = (id: string): Promise<boolean> => act(id, "take-thread");
export const giveBack = (id: string): Promise<boolean> => act(id, "unassign");
export const reopen = (id: string): Promise<boolean> => act(id, "reopen");
export const archive = (id: string): Promise<boolean> => act(id, "archive");
export const rename = (id: string, name: string): Promise<boolean> => act(id, "customer-name", { name }, "PATCH");
export const setPriority = (id: string, priority: Conversation["priority"]): Promise<boolean> =>
  act(id, "", { priority }, "PATCH");
export const setLabels = (id: string, labels: string[]): Promise<boolean> => act(id, "", { labels }, "PATCH");

export const markUnread = (id: string): Promise<boolean> => act(id, "unread");
export const snooze = (id: string, until: string | null): Promise<boolean> => act(id, "snooze", { until });

export async function resolve(id: string, reason: string | null = null, note = ""): Promise<boolean> {
  const body = reason || note ? { ...(reason ? { reason } : {}), ...(note ? { note } : {}) } : undefined;
  const done = await act(id, "resolve", body);
  if (done) say(t().chat.resolvedNow, "ok", { label: t().chat.reopen, run: () => void reopen(id) });
  return done;
}

export async function transfer(
  id: string,
  departmentId: string,
  userId: string | null,
  note: string,
): Promise<boolean> {
  if (note.trim() && !(await addNote(id, note.trim()))) return false;
  return act(id, "transfer", { departmentId, ...(userId ? { userId } : {}) });
}

export async function markRead(id: string): Promise<void> {
  try {
    const { data } = await api.send<Conversation>("POST", `/api/conversations/${id}/read`);
    painting.took(data);
  } catch {
    // the next look marks it
  }
}

export async function addNote(id: string, content: string): Promise<boolean> {
  try {
    const mentions = mentionedIn(content, readers(id));
    const { data } = await api.send<NoteView>("POST", `/api/conversations/${id}/notes`, { content, mentions });
    chats.tookNote(data);
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** Write a note of one's own anew; who was mentioned before stays so while the text names them. */
export async function changeNote(note: NoteView, content: string): Promise<boolean> {
  try {
    const before = users.value.filter((user) => note.mentions.includes(user.id));
    const known = new Map([...before, ...readers(note.conversationId)].map((user) => [user.id, user]));
    const mentions = mentionedIn(content, [...known.values()]);
    const { data } = await api.send<NoteView>("PATCH", addressOf(note), { content, mentions });
    chats.tookNote(data);
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

export async function deleteNote(note: NoteView): Promise<boolean> {
  try {
    await api.send("DELETE", addressOf(note));
    chats.droppedNote(note.conversationId, note.id);
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

function addressOf(note: NoteView): string {
  return `/api/conversations/${note.conversationId}/notes/${note.id}`;
}

function readers(conversationId: string): UserView[] {
  const c = painting.conversationAt(conversationId);
  return c ? readersOf(c) : [];
}

/** React to a message; an empty emoji takes the reaction back. */
export async function react(message: Message, emoji: string): Promise<void> {
  const body = { conversationId: message.conversationId, content: { kind: "reaction", messageId: message.id, emoji } };
  await api.send<Message>("POST", "/api/messages", body, { key: crypto.randomUUID() }).catch(complain);
}

/** Write one of our messages anew. */
export const edit = (message: Message, text: string): Promise<boolean> =>
  change(message, { kind: "edit", messageId: message.id, text });

/** Take one of our messages back from the customer's phone. */
export const revoke = (message: Message): Promise<boolean> =>
  change(message, { kind: "revoke", messageId: message.id });

async function change(message: Message, content: object): Promise<boolean> {
  try {
    const body = { conversationId: message.conversationId, content };
    await api.send<Message>("POST", "/api/messages", body, { key: crypto.randomUUID() });
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** Send what failed again, as a new message. */
export async function sendAgain(messageId: string): Promise<void> {
  try {
    const key = crypto.randomUUID();
    const { data } = await api.send<Message>("POST", `/api/messages/${messageId}/send-again`, undefined, { key });
    chats.tookMessage(data);
  } catch (error) {
    complain(error);
  }
}

/** Settle a message of unknown outcome (ADMIN): send it again, or say that it failed. */
export async function settle(messageId: string, how: "retry" | "fail"): Promise<void> {
  try {
    const { data } = await api.send<Message>("POST", `/api/messages/${messageId}/${how}`);
    chats.tookMessage(data);
  } catch (error) {
    complain(error);
  }
}
