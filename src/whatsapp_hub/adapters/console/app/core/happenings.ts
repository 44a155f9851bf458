// What happened to a conversation, besides what was said: lines of the chat, from the log and from the socket alike.
import type { Conversation } from "./entities.ts";
import type { HubEvent } from "./events.ts";
import type { EventView } from "./schema.ts";

export const HAPPENINGS = [
  "conversation.queued",
  "conversation.assigned",
  "conversation.unassigned",
  "conversation.transferred",
  "conversation.resolved",
  "conversation.reopened",
  "conversation.archived",
  "conversation.handed_over",
  "conversation.rated",
  "conversation.target_breached",
] as const;
export type HappeningType = (typeof HAPPENINGS)[number];

export interface Happening {
  id: string;
  position: number;
  at: string;
  type: HappeningType;
  /** As it was then. */
  conversation: Conversation;
}

/** Socket events with a name of their own, by the log's. */
const NAMED = {
  "conversation-queued": "conversation.queued",
  "conversation-assigned": "conversation.assigned",
  "conversation-transferred": "conversation.transferred",
  "conversation-resolved": "conversation.resolved",
} as const;

const AT_ONCE_MS = 2_000;

/** Read an event of the log; null: it is no line of the chat. */
export function fromLog(event: EventView): Happening | null {
  const { conversation } = event.data as { conversation?: Conversation };
  return conversation ? made(event.type, event.position, event.occurredAt, conversation) : null;
}

/** Read an event of the socket; null: it is no line of the chat. */
export function fromSocket(event: HubEvent): Happening | null {
  switch (event.name) {
    case "conversation-queued":
    case "conversation-assigned":
    case "conversation-transferred":
    case "conversation-resolved":
      return made(NAMED[event.name], event.position, event.conversation.updatedAt, event.conversation);
    case "conversation-changed":
      return made(`conversation.${event.reason}`, event.position, event.conversation.updatedAt, event.conversation);
    default:
      return null;
  }
}

function made(type: EventView["type"], position: number, at: string, conversation: Conversation): Happening | null {
  const known = HAPPENINGS.find((one) => one === type);
  return known ? { id: `evt_${position}`, position, at, type: known, conversation } : null;
}

/** Put them together, each once, in the log's order. A wait that ends at once is none: who got it says it all. */
export function joined(known: readonly Happening[], more: readonly Happening[]): Happening[] {
  const all = [...new Map([...known, ...more].map((one) => [one.position, one])).values()];
  all.sort((a, b) => a.position - b.position);
  return all.filter((one, n) => {
    const next = all[n + 1];
    return !(
      one.type === "conversation.queued" &&
      next?.type === "conversation.assigned" &&
      Date.parse(next.at) - Date.parse(one.at) < AT_ONCE_MS
    );
  });
}
