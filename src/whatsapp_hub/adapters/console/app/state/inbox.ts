// What the inbox shows: the list's choice and the open conversation, which are the address, and what is open beside them.
import { computed, signal } from "@preact/signals";
import { type Choice, choiceOf, queryOf } from "../core/views.ts";
import { go, path, query } from "./route.ts";
import { isSupervisor } from "./session.ts";

const chosen = computed(() => JSON.stringify(choiceOf(query.value, isSupervisor.value ? "all" : "mine")));
/** What the list shows; the same object until it is something else, whatever conversation is opened. */
export const choice = computed<Choice>(() => JSON.parse(chosen.value));
export const openId = computed(() => /^\/dashboard\/c\/([0-9a-f-]{36})$/.exec(path.value)?.[1] ?? null);
/** The message that the address names. */
export const wanted = computed(() => query.value.get("m"));

export const panelShown = signal(window.innerWidth >= 1200);
export const phoneShown = signal(false);
export const isStarting = signal(false);
/** A label is being added to the open conversation. */
export const isLabelling = signal(false);
/** Whom a new conversation is with, where that is known. */
export const startWith = signal("");

/** Begin a conversation; `to`: the customer's number. */
export function begin(to = ""): void {
  startWith.value = to;
  isStarting.value = true;
}

/** Change what the list shows; it is all in the address. */
export function choose(some: Partial<Choice>): void {
  go(
    path.value.startsWith("/dashboard")
      ? path.value + queryOf({ ...choice.value, ...some })
      : `/dashboard${queryOf(choice.value)}`,
    { replace: true },
  );
}

/** Where a conversation is, or a message of it. */
export function addressOf(id: string, message?: string): string {
  return `/dashboard/c/${id}${queryOf(choice.value)}${message ? `&m=${message}` : ""}`;
}
