// What happened to the conversations that were opened here: read once after their messages, kept up by events.
import { signal } from "@preact/signals";
import type { HubEvent } from "../core/events.ts";
import { fromLog, fromSocket, type Happening, joined } from "../core/happenings.ts";
import type { EventView } from "../core/schema.ts";
import { api } from "./api.ts";

const MOST = 40;
const known = signal<ReadonlyMap<string, readonly Happening[]>>(new Map());

export function happenedIn(conversationId: string): readonly Happening[] {
  return known.value.get(conversationId) ?? [];
}

/** Read the newest lines of a conversation, unless they are known. */
export async function load(conversationId: string): Promise<void> {
  if (known.value.has(conversationId)) return;
  const { data } = await api.get<EventView[]>(`/api/conversations/${conversationId}/events`, { limit: MOST });
  add(
    conversationId,
    data.map(fromLog).filter((one) => one !== null),
  );
}

export function hear(event: HubEvent): void {
  const happening = fromSocket(event);
  if (happening && known.value.has(happening.conversation.id)) add(happening.conversation.id, [happening]);
}

function add(conversationId: string, more: readonly Happening[]): void {
  known.value = new Map(known.value).set(conversationId, joined(happenedIn(conversationId), more));
}
