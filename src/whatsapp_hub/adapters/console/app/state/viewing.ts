// Who looks at which conversation: one says so while one has it open in a window that is seen, and hears it of the others.
import { computed, effect, signal } from "@preact/signals";
import type { HubEvent } from "../core/events.ts";
import { meet } from "./directory.ts";
import { live } from "./live.ts";
import * as painting from "./painting.ts";
import { me } from "./session.ts";

const viewers = signal<ReadonlyMap<string, readonly string[]>>(new Map());
const opened = signal<string | null>(null);
const isSeen = signal(!document.hidden);
let joined: string | null = null;

/** Take an event; it names all who look at a conversation now. */
export function hear(event: HubEvent): void {
  if (event.name !== "viewers") return;
  const others = event.users.filter((id) => id !== me.value?.id);
  meet(others);
  const next = new Map(viewers.value);
  if (others.length) next.set(event.conversationId, others);
  else next.delete(event.conversationId);
  viewers.value = next;
}

/** The colleagues who look at a conversation. */
export function viewersOf(id: string): readonly string[] {
  return viewers.value.get(id) ?? [];
}

/** Say which conversation is open here; null: none. */
export function look(id: string | null): void {
  opened.value = id;
}

/** Begin: keep the hub informed, over lost connections too. */
export function start(): void {
  document.addEventListener("visibilitychange", () => {
    isSeen.value = !document.hidden;
  });
  const isConnected = computed(() => !["offline", "connecting"].includes(painting.connection.value.state));
  effect(() => {
    if (!isConnected.value) {
      joined = null;
      viewers.value = new Map();
      return;
    }
    const wanted = isSeen.value ? opened.value : null;
    if (joined === wanted) return;
    if (joined) void live.emit("leave-conversation", { conversationId: joined });
    joined = wanted;
    if (wanted) void live.emit("join-conversation", { conversationId: wanted });
  });
}
