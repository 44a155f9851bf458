// The picture that is shown by itself, and the one before or after it in its conversation, read on where need be.
import { signal } from "@preact/signals";
import type { Message } from "../core/entities.ts";
import { picturesOf } from "../core/media.ts";
import * as chats from "./chats.ts";
import { world } from "./painting.ts";
import { complain } from "./toasts.ts";

/** So many pages without a picture are read on before it is said that there is none. */
const MOST_PAGES = 20;

export const shown = signal<Message | null>(null);
export const isSeeking = signal(false);

export function show(m: Message | null): void {
  shown.value = m;
}

/** Where the picture stands among those that are known here: from 1 on, and how many. */
export function placeOf(m: Message): { n: number; all: number } {
  const all = among(m);
  return { n: all.findIndex((one) => one.id === m.id) + 1, all: all.length };
}

/** Whether there is one in that direction, or may be. */
export function mayStep(m: Message, step: 1 | -1): boolean {
  const chat = world.chats.get(m.conversationId);
  const { n, all } = placeOf(m);
  return step < 0 ? n > 1 || Boolean(chat?.older) : n < all || Boolean(chat?.hasNewer);
}

/** Go to the picture before (-1) or after (1); what is not loaded yet is read. */
export async function step(by: 1 | -1): Promise<void> {
  const from = shown.value;
  if (!from || isSeeking.value) return;
  isSeeking.value = true;
  try {
    for (let page = 0; page <= MOST_PAGES; page++) {
      const all = among(from);
      const next = all[all.findIndex((one) => one.id === from.id) + by];
      if (next) {
        if (shown.value === from) shown.value = next;
        return;
      }
      if (!mayStep(from, by)) return;
      await (by < 0 ? chats.loadOlder(from.conversationId) : chats.loadNewer(from.conversationId));
    }
  } catch (error) {
    complain(error);
  } finally {
    isSeeking.value = false;
  }
}

function among(m: Message): Message[] {
  return picturesOf(world.chats.get(m.conversationId)?.messages ?? []);
}
