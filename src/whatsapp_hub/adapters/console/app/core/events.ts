// What comes over the socket, as one type: the hub's events by name. An event that the API adds or drops is a type error
// here.
import type { SocketEvents } from "./schema.ts";

/** Signs of the moment, which no log keeps. `userId` null: the customer, or a bot. */
interface Signs {
  viewers: { conversationId: string; users: string[] };
  typing: { conversationId: string; userId: string | null; typing: boolean; customer?: boolean };
}
type Payloads = SocketEvents & Signs;

export type HubEvent = { [Name in keyof Payloads]: { name: Name } & Payloads[Name] }[keyof Payloads];

const ALL: Record<HubEvent["name"], true> = {
  "message-received": true,
  "message-sent": true,
  "message-changed": true,
  "message-status": true,
  "conversation-queued": true,
  "conversation-assigned": true,
  "conversation-transferred": true,
  "conversation-resolved": true,
  "conversation-changed": true,
  "note-added": true,
  "note-edited": true,
  "note-deleted": true,
  "contact-changed": true,
  "contact-erased": true,
  "session-changed": true,
  "session-alert": true,
  "campaign-changed": true,
  notification: true,
  "agent-status": true,
  typing: true,
  viewers: true,
};

/** Names of the events that are passed on to the reducer. */
export const EVENT_NAMES = Object.keys(ALL) as readonly HubEvent["name"][];

/** Return the event's position in the log; presence, typing and who looks have none. */
export function positionOf(event: HubEvent): number | undefined {
  return "position" in event ? event.position : undefined;
}
