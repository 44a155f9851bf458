// In which order things stand: messages as the database has them, conversations by what somebody sorts them by.
import type { Conversation, Message } from "./entities.ts";

export type Comparator<T> = (a: T, b: T) => number;
export type Sort = "newest" | "waiting" | "due" | "priority";

/** Compare two messages of a chat by their place in it: the hub's where it said one. Those that came since by an event, which
 * has none yet, stand after them in the order of the log, which is the same. Times are of when the hub began with each. */
export function byPlace(a: Message, b: Message): number {
  const [first, second] = [a.seq ?? null, b.seq ?? null];
  if (first !== null && second !== null) return first - second;
  if (first !== null || second !== null) return first !== null ? -1 : 1;
  const apart = (a.position ?? Number.MAX_VALUE) - (b.position ?? Number.MAX_VALUE);
  return apart || compare(a.createdAt, b.createdAt) || compare(a.id, b.id);
}

/** When something last happened that a person would call news. */
export function lastActivity(c: Conversation): string {
  return c.lastMessageAt ?? c.lastMessage?.at ?? c.updatedAt;
}

const PRIORITIES = { URGENT: 0, HIGH: 1, NORMAL: 2, LOW: 3 } as const;
const NEVER = "9999";

/** Since when a customer waits: for an answer, or for somebody to take the conversation. */
export function waitingSince(c: Conversation): string | null {
  if (c.waitingSince) return c.waitingSince;
  return c.assignedUserId === null ? (c.routedAt ?? c.createdAt) : null;
}

/** When the next target of the conversation is due; null: none is. */
export function nextDue(c: Conversation): string | null {
  const due = [c.firstResponseDueAt, c.resolutionDueAt].filter((at): at is string => at !== null);
  return due.length ? due.reduce((a, b) => (a < b ? a : b)) : null;
}

export const SORTS: Record<Sort, Comparator<Conversation>> = {
  newest: newestFirst,
  waiting: (a, b) => compare(waitingSince(a) ?? NEVER, waitingSince(b) ?? NEVER) || newestFirst(a, b),
  due: (a, b) => compare(nextDue(a) ?? NEVER, nextDue(b) ?? NEVER) || newestFirst(a, b),
  priority: (a, b) => PRIORITIES[a.priority] - PRIORITIES[b.priority] || newestFirst(a, b),
};

function newestFirst(a: Conversation, b: Conversation): number {
  return compare(lastActivity(b), lastActivity(a)) || compare(b.id, a.id);
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Find where `item` stands, or would stand, in a sorted list. */
export function placeOf<T>(list: readonly T[], item: T, order: Comparator<T>): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (order(list[middle]!, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Return the sorted list with `item` in its place, instead of the one with the same id. */
export function inserted<T extends { id: string }>(list: readonly T[], item: T, order: Comparator<T>): T[] {
  const others = list.filter((one) => one.id !== item.id);
  others.splice(placeOf(others, item, order), 0, item);
  return others;
}
