// The outbox: what one writes is stored here first, shown at once, and sent in order. The hub stores it once, however
// often it is sent; what was refused, or is too old to be sent unasked, waits for a decision.
import { effect, signal } from "@preact/signals";
import { outboxStore } from "../adapters/storage.ts";
import type { Message } from "../core/entities.ts";
import type { HubEvent } from "../core/events.ts";
import { aged, type Entry, nextToSend, signed, whichBecame } from "../core/outbox.ts";
import { Problem } from "../ports/index.ts";
import { api } from "./api.ts";
import { tookMessage } from "./chats.ts";
import { connection } from "./painting.ts";
import { me, standing } from "./session.ts";
import { saidOf } from "./toasts.ts";

export const entries = signal<readonly Entry[]>([]);
const sendingNow = new Set<string>();

/** Take up what an earlier page left behind. */
export async function load(): Promise<void> {
  const stored = await outboxStore.all().catch(() => []);
  const own = stored.filter((e) => e.userId === me.value?.id);
  entries.value = aged(
    own.map((e) => (e.state === "sending" ? { ...e, state: "waiting" } : e)),
    Date.now(),
  );
  effect(() => {
    if (connection.value.state === "live" && standing.value === "in") queueMicrotask(pump);
  });
}

/** What a customer sees of a text that one writes. */
export function shownTo(content: string): string {
  return me.value?.company.agentNameBeforeTexts ? signed(content, me.value.name) : content;
}

export function write(conversationId: string, content: string, replyTo: string | null): void {
  const key = crypto.randomUUID();
  const entry: Entry = {
    key,
    userId: me.value!.id,
    conversationId,
    content,
    replyTo,
    at: Date.now(),
    state: "waiting",
    problem: null,
    became: null,
  };
  put(entry);
  pump();
}

/** Send again what was refused, or is old, with the same key. */
export function again(key: string): void {
  const entry = entries.value.find((e) => e.key === key);
  if (!entry) return;
  put({ ...entry, state: "waiting", problem: null, at: Date.now() });
  pump();
}

/** Give one up; what was written after it goes out then. */
export function discard(key: string): void {
  remove(key);
  pump();
}

function remove(key: string): void {
  entries.value = entries.value.filter((e) => e.key !== key);
  void outboxStore.remove(key).catch(() => {});
}

/** An own message on the socket may be one whose answer is still under way: it is not shown twice. */
export function noticed(event: HubEvent): void {
  if (event.name !== "message-sent") return;
  const entry = whichBecame(entries.value, event.message, me.value?.name ?? "");
  if (entry) put({ ...entry, became: event.message.id });
}

function put(entry: Entry): void {
  const others = entries.value.filter((e) => e.key !== entry.key);
  entries.value = [...others, entry].sort((a, b) => a.at - b.at);
  void outboxStore.put(entry).catch(() => {});
}

function pump(): void {
  entries.value = aged(entries.value, Date.now());
  const ready = entries.value.filter((e) => !sendingNow.has(e.conversationId));
  const entry = nextToSend(ready, Date.now());
  if (!entry) return;
  sendingNow.add(entry.conversationId);
  void send(entry).then((isOver) => {
    sendingNow.delete(entry.conversationId);
    if (isOver) pump();
  });
  pump();
}

/** Return whether the next one may go: it was taken, or refused for good. */
async function send(entry: Entry): Promise<boolean> {
  put({ ...entry, state: "sending" });
  const { conversationId, content, replyTo } = entry;
  try {
    const body = { conversationId, content, ...(replyTo ? { replyTo } : {}) };
    const { data } = await api.send<Message>("POST", "/api/messages/send", body, { key: entry.key });
    tookMessage(data);
    remove(entry.key);
    return true;
  } catch (error) {
    return failed(entry, error);
  }
}

function failed(entry: Entry, error: unknown): boolean {
  const isLater =
    error instanceof Problem &&
    (error.isOffline || error.status >= 500 || error.status === 429 || error.status === 401);
  if (isLater) {
    put({ ...entry, state: "waiting", became: null });
    const waitS = error.retryAfterS ?? 3;
    if (error.status !== 401) setTimeout(pump, waitS * 1000);
  } else {
    put({ ...entry, state: "refused", problem: saidOf(error), became: null });
  }
  return !isLater;
}
