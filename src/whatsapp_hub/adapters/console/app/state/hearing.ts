// What is to be heard and seen besides the lists: typing colleagues, the bell, sound, title and desktop notifications.
import { effect, signal } from "@preact/signals";
import { chime, desktop, inOneWindow, setTitle } from "../adapters/signals.ts";
import type { Conversation, Message, NotificationView } from "../core/entities.ts";
import type { HubEvent } from "../core/events.ts";
import { api } from "./api.ts";
import { t } from "./i18n.ts";
import { go, path } from "./route.ts";
import { may, me } from "./session.ts";
import { settings } from "./settings.ts";

const TYPING_MS = 6_000;

export const typing = signal<ReadonlyMap<string, ReadonlyMap<string, number>>>(new Map());
export const notifications = signal<NotificationView[]>([]);
export const unseen = signal(0);
let mine: (conversationId: string) => { name: string; isMine: boolean } | null = () => null;

/** Give the way to look up whose conversation it is. */
export function knowing(find: typeof mine): void {
  mine = find;
}

/** Take an event; `isNew`: it is no late one, of when the connection was away. */
export function heard(event: HubEvent, isNew: boolean): void {
  if (event.name === "typing") {
    note(event.conversationId, event.customer ? "customer" : event.userId, event.typing);
  } else if (event.name === "notification") {
    void loadNotifications().catch(() => {}); // the next one brings them
    if (isNew && event.kind === "note.mentioned" && event.conversation) ringForMention(event.conversation, event.id);
  } else if (event.name === "message-received") {
    note(event.conversationId, "customer", false);
    if (isNew) ringFor(event.conversationId, event.message);
  } else if (event.name === "conversation-assigned" && isNew && event.conversation.assignedUserId === me.value?.id) {
    ring(event.conversation.id, titleOf(event.conversation), t().notify.assigned, String(event.position));
  }
}

function note(conversationId: string, who: string | null, isTyping: boolean): void {
  if (!who || who === me.value?.id) return;
  const here = new Map(typing.value.get(conversationId));
  if (!isTyping && !here.has(who)) return;
  if (isTyping) here.set(who, Date.now());
  else here.delete(who);
  typing.value = new Map(typing.value).set(conversationId, here);
  if (isTyping) setTimeout(() => expire(conversationId, who), TYPING_MS + 50);
}

function expire(conversationId: string, who: string): void {
  const at = typing.value.get(conversationId)?.get(who);
  if (at && Date.now() - at >= TYPING_MS) note(conversationId, who, false);
}

function ringFor(conversationId: string, message: Message): void {
  const known = mine(conversationId);
  if (!known?.isMine) return;
  if (document.hasFocus() && path.value === `/dashboard/c/${conversationId}`) return;
  ring(conversationId, known.name, message.content ?? t().kinds.file, message.id);
}

function ringForMention(c: Conversation, id = ""): void {
  if (document.hasFocus() && path.value === `/dashboard/c/${c.id}`) return;
  ring(c.id, titleOf(c), t().notify.kinds["note.mentioned"], id);
}

function titleOf(c: Conversation): string {
  return c.customerName ?? c.customerPhone ?? "";
}

/** `why`: names what happened, the same in every window. */
function ring(conversationId: string, title: string, body: string, why: string): void {
  void inOneWindow(`ring.${why}`, () => {
    if (settings.value.sound) chime();
    if (settings.value.desktop && !document.hasFocus()) {
      desktop(title, body, conversationId, () => go(`/dashboard/c/${conversationId}`));
    }
  });
}

export async function loadNotifications(): Promise<void> {
  if (!may("read-notifications")) return;
  const { data } = await api.get<NotificationView[]>("/api/notifications", { limit: 30 });
  notifications.value = data;
  unseen.value = data.filter((n) => n.readAt === null).length;
}

export async function seen(): Promise<void> {
  if (!unseen.value) return;
  unseen.value = 0;
  await api.send("POST", "/api/notifications/read");
}

/** Keep the title's count: `waiting` conversations of one's own. */
export function counting(waiting: () => number): void {
  effect(() => setTitle(waiting(), me.value?.company.name ?? "whatsapp_hub"));
}
