// The views of the inbox: which conversations are in each, and what stands in the address for them.
import type { Conversation } from "./entities.ts";
import { lastActivity, nextDue, SORTS, type Sort, waitingSince } from "./order.ts";

export const VIEWS = ["mine", "waiting", "unassigned", "department", "bot", "all", "snoozed", "resolved"] as const;
export type View = (typeof VIEWS)[number];

export interface Reader {
  id: string;
  departmentId: string | null;
}

export type Priority = Conversation["priority"];
export const PRIORITIES = ["URGENT", "HIGH", "NORMAL", "LOW"] as const satisfies readonly Priority[];
/** State of WhatsApp's 24 hours: over, or over within two hours. */
export const WINDOWS = ["closing", "closed"] as const;
export type Window = (typeof WINDOWS)[number];

export interface Choice {
  view: View;
  sort: Sort;
  search: string;
  departmentId: string | null;
  sessionId: string | null;
  label: string | null;
  priority: Priority | null;
  window: Window | null;
  unread: boolean;
  breached: boolean;
  /** Words that are looked for in all messages: what is found stands in place of the list. */
  find: string;
}

export const USUAL: Choice = {
  view: "mine",
  sort: "newest",
  search: "",
  departmentId: null,
  sessionId: null,
  label: null,
  priority: null,
  window: null,
  unread: false,
  breached: false,
  find: "",
};

/** What takes all filters away; the view and the order stay. */
export const UNFILTERED: Omit<Choice, "view" | "sort"> = (({ view: _, sort: __, ...filters }) => filters)(USUAL);

/** Put out of sight until a time that has not come. */
export function isSnoozed(c: Conversation): boolean {
  return Boolean(c.snoozedUntil && Date.parse(c.snoozedUntil) > Date.now());
}

export function isLive(c: Conversation): boolean {
  return c.status === "OPEN" || c.status === "ASSIGNED";
}

const IS_IN: Record<View, (c: Conversation, reader: Reader) => boolean> = {
  mine: (c, reader) => isLive(c) && c.assignedUserId === reader.id && !isSnoozed(c),
  waiting: (c, reader) => isLive(c) && c.assignedUserId === reader.id && c.unreadCount > 0 && !isSnoozed(c),
  unassigned: (c) => c.status === "OPEN" && c.assignedUserId === null && c.bot !== "talking",
  department: (c, reader) => isLive(c) && c.departmentId !== null && c.departmentId === reader.departmentId,
  bot: (c) => isLive(c) && c.bot === "talking",
  all: isLive,
  snoozed: (c) => isLive(c) && isSnoozed(c),
  resolved: (c) => !isLive(c),
};

/** Tell whether a conversation is in a view, whatever its filters. */
export function isInView(c: Conversation, view: View, reader: Reader): boolean {
  return IS_IN[view](c, reader);
}

/** Tell whether a conversation is shown: it is in the view and passes the filters. */
export function isShown(c: Conversation, choice: Choice, reader: Reader): boolean {
  return (
    isInView(c, choice.view, reader) &&
    (choice.departmentId === null || c.departmentId === choice.departmentId) &&
    (choice.sessionId === null || c.sessionId === choice.sessionId) &&
    (choice.label === null || c.labels.includes(choice.label)) &&
    (choice.priority === null || c.priority === choice.priority) &&
    (choice.window === null || windowOf(c) === choice.window) &&
    (!choice.unread || c.unreadCount > 0) &&
    (!choice.breached || c.breaches.length > 0) &&
    matches(c, choice.search)
  );
}

/** Tell whether WhatsApp's 24 hours are over, or soon; null: neither, or there are none. */
function windowOf(c: Conversation): Window | null {
  const left = c.windowClosesAt ? Date.parse(c.windowClosesAt) - Date.now() : Number.POSITIVE_INFINITY;
  return left <= 0 ? "closed" : left <= 2 * 3_600_000 ? "closing" : null;
}

/** Tell whether a conversation stands in a list; `upTo`: the last that the hub has listed, after which there are more that
 * are not known here. */
export function isListed(
  c: Conversation,
  { choice, reader, upTo }: { choice: Choice; reader: Reader; upTo: Conversation | null },
): boolean {
  if (!isShown(c, choice, reader)) return false;
  return !upTo || choice.sort === "newest" || isBefore(c, upTo, choice.sort);
}

/** Whether a conversation stands where the hub has listed already; those that share a place with the last do. */
function isBefore(c: Conversation, upTo: Conversation, sort: Sort): boolean {
  if (sort === "waiting") return (waitingSince(c) ?? "9") <= (waitingSince(upTo) ?? "9");
  if (sort === "due") return (nextDue(c) ?? "9") <= (nextDue(upTo) ?? "9");
  const [own, last] = [PRIORITIES.indexOf(c.priority), PRIORITIES.indexOf(upTo.priority)];
  return own < last || (own === last && lastActivity(c) >= upTo.updatedAt);
}

/** What is asked of the hub for a choice. */
export function asked(choice: Choice): Record<string, string | null> {
  return {
    view: choice.view,
    sort: choice.sort === "newest" || choice.view === "resolved" ? null : choice.sort,
    search: choice.search || null,
    departmentId: choice.departmentId,
    sessionId: choice.sessionId,
    label: choice.label,
    priority: choice.priority,
    window: choice.window,
    unread: choice.unread ? "true" : null,
    breached: choice.breached ? "true" : null,
  };
}

/** Count each view at once. */
export function counted(all: Iterable<Conversation>, reader: Reader): Record<View, number> {
  const counts = Object.fromEntries(VIEWS.map((view) => [view, 0])) as Record<View, number>;
  for (const c of all) for (const view of VIEWS) if (IS_IN[view](c, reader)) counts[view] += 1;
  return counts;
}

/** Search by name or digits; case and accents are ignored, as the hub does. */
export function matches(c: Conversation, search: string): boolean {
  const words = folded(search);
  if (!words) return true;
  const digits = words.replace(/\D/g, "");
  const isNumber = digits.length >= 3 && /^[\d\s+().-]+$/.test(words);
  return (isNumber && (c.customerPhone ?? "").includes(digits)) || folded(c.customerName ?? "").includes(words);
}

export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

/** Read a choice from an address's query. */
export function choiceOf(query: URLSearchParams, usual: View): Choice {
  const view = query.get("view") as View;
  const sort = query.get("sort") as Sort;
  return {
    view: VIEWS.includes(view) ? view : usual,
    sort: sort in SORTS ? sort : "newest",
    search: query.get("q") ?? "",
    departmentId: query.get("department"),
    sessionId: query.get("number"),
    label: query.get("label"),
    priority: PRIORITIES.find((one) => one === query.get("priority")) ?? null,
    window: WINDOWS.find((one) => one === query.get("window")) ?? null,
    unread: query.get("unread") === "1",
    breached: query.get("late") === "1",
    find: query.get("find") ?? "",
  };
}

/** Write a choice as an address's query; what is usual is left out. */
export function queryOf(choice: Choice): string {
  const query = new URLSearchParams();
  query.set("view", choice.view);
  if (choice.sort !== "newest") query.set("sort", choice.sort);
  if (choice.search) query.set("q", choice.search);
  if (choice.departmentId) query.set("department", choice.departmentId);
  if (choice.sessionId) query.set("number", choice.sessionId);
  if (choice.label) query.set("label", choice.label);
  if (choice.priority) query.set("priority", choice.priority);
  if (choice.window) query.set("window", choice.window);
  if (choice.unread) query.set("unread", "1");
  if (choice.breached) query.set("late", "1");
  if (choice.find) query.set("find", choice.find);
  return `?${query}`;
}

/** Whether a reader may see a conversation: the rule of the hub (`application/reading/visibility.py`). */
export function isInSight(c: Conversation, reader: Reader, seesAll: boolean): boolean {
  if (seesAll) return true;
  if (c.assignedUserId !== null) {
    return c.assignedUserId === reader.id || (reader.departmentId !== null && c.departmentId === reader.departmentId);
  }
  return c.departmentId === null || c.departmentId === reader.departmentId;
}
