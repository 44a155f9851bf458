// What the console works with: the API's own types, from the OpenAPI document, and what is added on the way.
import type { ConversationView, LastMessageView, MessageView, NoteView, OnlineStatus } from "./schema.ts";

export type {
  AuditView,
  CapabilitiesView,
  CompanyView,
  ContactView,
  ConversationDetail,
  ConversationStatus,
  DashboardView,
  DepartmentView,
  LossView,
  MessageStatus,
  MethodsView,
  NoteView,
  NotificationView,
  OnlineStatus,
  OwnUser,
  PhoneMessage,
  QuickReplyView,
  SessionDetail,
  SessionHistoryEntry,
  SessionMoveView,
  SessionStatus,
  TenantView,
  UserView,
} from "./schema.ts";

export type LastMessage = LastMessageView;
export type Conversation = ConversationView;

/** A file of a message, as hubs that store files show it. */
export interface MediaOfMessage {
  id: string | null;
  mimeType: string | null;
  fileName: string | null;
  size: number | null;
  width?: number | null;
  height?: number | null;
  seconds?: number | null;
  voice?: boolean | null;
  state?: string | null;
  url: string | null;
  thumbnailUrl?: string | null;
}

/** `position`: of the event that brought it, where one did. */
export type Message = MessageView & { media?: MediaOfMessage | null; position?: number };

/** A conversation as one row of the list knows it: `position` is that of the newest event, or snapshot, it reflects. */
export interface Row {
  conversation: Conversation;
  position: number;
  /** Read from the hub, at that position or a little later: newer messages may be counted in it already. */
  isRead?: boolean;
}

export interface Chat {
  messages: Message[];
  notes: NoteView[];
  /** Notes that were deleted while the chat was open: a page that was read before does not bring them back. */
  goneNotes: ReadonlySet<string>;
  /** Leads to older messages; null: there are none. Undefined: nothing was loaded yet. */
  older: string | null | undefined;
  /** The conversation goes on after these: they stand around a message that was looked for. */
  hasNewer: boolean;
  /** States of messages that came before the messages themselves. */
  early: Map<string, Partial<Message>>;
}

export interface Presence {
  userId: string;
  status: OnlineStatus;
}
