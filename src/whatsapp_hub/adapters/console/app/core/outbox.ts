// What was written and has not reached the hub yet. Its key makes sending again harmless: the hub stores it once.
import type { Message } from "./entities.ts";

export const ASK_AFTER_MS = 10 * 60_000;

export interface Entry {
  /** The Idempotency-Key. */
  key: string;
  userId: string;
  conversationId: string;
  content: string;
  replyTo: string | null;
  at: number;
  state: "waiting" | "sending" | "stale" | "refused";
  /** Why the hub refused it. */
  problem: string | null;
  /** The message that it became, while the hub's answer is still under way. */
  became: string | null;
}

/** Return the entry to send next in a conversation: in order, one at a time. */
export function nextToSend(entries: readonly Entry[], now: number): Entry | null {
  const held = new Set<string>();
  for (const entry of [...entries].sort((a, b) => a.at - b.at)) {
    if (held.has(entry.conversationId)) continue;
    if (entry.state === "waiting" && now - entry.at <= ASK_AFTER_MS) return entry;
    held.add(entry.conversationId);
  }
  return null;
}

/** Mark what was written too long ago to be sent without asking. */
export function aged(entries: readonly Entry[], now: number): Entry[] {
  return entries.map((e) => (e.state === "waiting" && now - e.at > ASK_AFTER_MS ? { ...e, state: "stale" } : e));
}

/** The text as the customer sees it, where the company wants the writer's name before it: as the hub does. */
export function signed(text: string, name: string): string {
  const head = `*${name.replaceAll("*", "")}*\n`;
  return text.startsWith(head) ? text : head + text;
}

/** Find what an own message of the socket was, while its POST is under way. */
export function whichBecame(entries: readonly Entry[], message: Message, name: string): Entry | undefined {
  return entries.find(
    (e) =>
      e.state === "sending" &&
      e.became === null &&
      e.conversationId === message.conversationId &&
      (e.content === message.content || message.content === signed(e.content, name)) &&
      e.userId === message.senderId,
  );
}
