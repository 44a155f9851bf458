// What waits to be sent later, in the chats that were opened here: read when a chat opens, kept up by events.
import { signal } from "@preact/signals";
import type { Message } from "../core/entities.ts";
import type { HubEvent } from "../core/events.ts";
import { Problem } from "../ports/index.ts";
import { api } from "./api.ts";
import { t, whenOf } from "./i18n.ts";
import { complain, say } from "./toasts.ts";

const SOON_MS = 400;
const known = signal<ReadonlyMap<string, readonly Message[]>>(new Map());
const again = new Map<string, ReturnType<typeof setTimeout>>();

/** The messages that wait in a conversation, the next first. */
export function waitingIn(conversationId: string): readonly Message[] {
  return known.value.get(conversationId) ?? [];
}

async function load(conversationId: string): Promise<void> {
  const { data } = await api.get<Message[]>("/api/messages/scheduled", { conversationId, limit: 200 });
  put(conversationId, data);
}

/** Plan a text; whether it was taken. */
export async function write(
  conversationId: string,
  content: string,
  replyTo: string | null,
  sendAt: string,
): Promise<boolean> {
  try {
    const body = { conversationId, content, sendAt, ...(replyTo ? { replyTo } : {}) };
    took((await api.send<Message>("POST", "/api/messages/send", body, { key: crypto.randomUUID() })).data);
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** Take over a message that the hub keeps for later. */
export function took(message: Message): void {
  put(message.conversationId, [...waitingIn(message.conversationId).filter((m) => m.id !== message.id), message]);
  if (message.sendAt) say(t().later.planned(whenOf(message.sendAt)), "ok");
}

/** Keep a message from being sent; whether it still waited. */
export async function cancel(message: Message): Promise<boolean> {
  try {
    await api.send("DELETE", `/api/messages/scheduled/${message.id}`);
  } catch (error) {
    const isGone = error instanceof Problem && error.status === 404;
    if (isGone) say(t().later.gone, "info");
    else complain(error);
    if (isGone) drop(message.conversationId, message.id);
    return false;
  }
  drop(message.conversationId, message.id);
  return true;
}

/** One that was sent waits no more; a colleague's planning changes the conversation. */
export function hear(event: HubEvent): void {
  if (event.name === "message-sent") drop(event.conversationId, event.message.id);
  if (event.name !== "conversation-changed" || event.reason !== "updated") return;
  const { id } = event.conversation;
  if (!known.value.has(id)) return;
  clearTimeout(again.get(id));
  again.set(
    id,
    setTimeout(() => void load(id).catch(() => {}), SOON_MS),
  );
}

function drop(conversationId: string, id: string): void {
  const before = waitingIn(conversationId);
  const rest = before.filter((m) => m.id !== id);
  if (rest.length < before.length) put(conversationId, rest);
}

/** Know what waits in a conversation. */
export function put(conversationId: string, messages: readonly Message[]): void {
  const inOrder = [...messages].sort((a, b) => (a.sendAt ?? "").localeCompare(b.sendAt ?? ""));
  known.value = new Map(known.value).set(conversationId, inOrder);
}
