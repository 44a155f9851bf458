// What comes over the socket, as one type: the hub's events by name.
import type { Conversation, Message, Presence } from "./entities.ts";
import type { ContactView, FailureView, MessageStatus, NoteView, SessionStatus } from "./schema.ts";

interface Positioned {
  position: number;
}

export type HubEvent =
  | ({ name: "message-received" | "message-sent"; conversationId: string; message: Message } & Positioned)
  | ({ name: "message-changed"; conversationId: string; message: Message; reason: string } & Positioned)
  | ({
      name: "message-status";
      messageId: string;
      conversationId: string;
      status: MessageStatus;
      whatsappMessageId?: string;
      outcome?: "unknown";
      error?: FailureView;
    } & Positioned)
  | ({
      name:
        | "conversation-queued"
        | "conversation-assigned"
        | "conversation-transferred"
        | "conversation-resolved"
        | "conversation-changed";
      conversation: Conversation;
      reason?: string;
    } & Positioned)
  | ({ name: "note-added"; conversationId: string; note: NoteView } & Positioned)
  | ({ name: "contact-changed"; contact: ContactView; mergedId?: string } & Positioned)
  | ({ name: "contact-erased"; contactId: string; conversationIds: string[] } & Positioned)
  | ({ name: "session-changed"; sessionId: string; status: SessionStatus; statusReason: string | null } & Positioned)
  | ({ name: "notification"; kind: string; conversation?: Conversation; userId?: string } & Positioned)
  | ({ name: "agent-status" } & Presence)
  | { name: "viewers"; conversationId: string; users: string[] }
  | { name: "typing"; conversationId: string; userId: string | null; typing: boolean; customer?: boolean };

/** Names of the events that are passed on to the reducer. */
export const EVENT_NAMES = [
  "message-received",
  "message-sent",
  "message-changed",
  "message-status",
  "conversation-queued",
  "conversation-assigned",
  "conversation-transferred",
  "conversation-resolved",
  "conversation-changed",
  "note-added",
  "contact-changed",
  "contact-erased",
  "session-changed",
  "notification",
  "agent-status",
  "typing",
  "viewers",
] as const satisfies readonly HubEvent["name"][];

/** Return the event's position in the log; presence and typing have none. */
export function positionOf(event: HubEvent): number | undefined {
  return "position" in event ? event.position : undefined;
}
