// What is being typed: one draft for each conversation and mode, written down at each pause, never touched by an event.
import { signal } from "@preact/signals";
import { texts } from "../adapters/storage.ts";
import { me } from "./session.ts";

export type Mode = "reply" | "note";
const PAUSE_MS = 150;
const timers = new Map<string, ReturnType<typeof setTimeout>>();
const pending = new Map<string, string>();

/** Rises when a draft comes or goes: rows of the list show it. */
export const drafted = signal(0);

function keyOf(conversationId: string, mode: Mode): string {
  return `draft.${me.value?.id}.${me.value?.company.id}.${conversationId}.${mode}`;
}

export function read(conversationId: string, mode: Mode): string {
  const key = keyOf(conversationId, mode);
  return pending.get(key) ?? texts.read(key) ?? "";
}

export function write(conversationId: string, mode: Mode, text: string): void {
  const key = keyOf(conversationId, mode);
  const had = read(conversationId, mode) !== "";
  pending.set(key, text);
  clearTimeout(timers.get(key));
  timers.set(
    key,
    setTimeout(() => settle(key), PAUSE_MS),
  );
  if (had !== (text !== "")) drafted.value += 1;
}

function settle(key: string): void {
  const text = pending.get(key);
  if (text === undefined) return;
  pending.delete(key);
  texts.write(key, text === "" ? null : text);
}

window.addEventListener("pagehide", () => {
  for (const key of [...pending.keys()]) settle(key);
});
