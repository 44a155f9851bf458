// Short sentences that come and go by themselves.
import { signal } from "@preact/signals";
import { Problem } from "../ports/index.ts";
import { t } from "./i18n.ts";

export interface Toast {
  id: number;
  text: string;
  tone: "ok" | "danger" | "info";
  action?: { label: string; run: () => void };
}

export const toasts = signal<Toast[]>([]);
let next = 1;

export function say(text: string, tone: Toast["tone"] = "info", action?: Toast["action"], ms = 6_000): number {
  const id = next++;
  toasts.value = [...toasts.value.slice(-3), { id, text, tone, action }];
  setTimeout(() => dismiss(id), ms);
  return id;
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** A problem in the reader's language; the hub's own sentence where it has no text of ours. */
export function saidOf(error: unknown): string {
  if (!(error instanceof Problem)) return t().problem.other;
  const known = t().problem.kinds[error.kind as keyof ReturnType<typeof t>["problem"]["kinds"]];
  const detail = Object.entries(error.fields)
    .map(([field, why]) => `${field}: ${why}`)
    .join("; ");
  if (known) return detail && error.kind === "invalid" ? `${known} ${detail}` : known;
  return error.message || t().problem.other;
}

/** Say what went wrong, unless the sign-in itself has ended, which the page shows by itself. */
export function complain(error: unknown): void {
  if (error instanceof Problem && error.kind === "unauthenticated") return;
  say(saidOf(error), "danger");
}

/** Run something for the person; what goes wrong is said. */
export async function attempt<T>(what: () => Promise<T>, done?: string): Promise<T | undefined> {
  try {
    const result = await what();
    if (done) say(done, "ok");
    return result;
  } catch (error) {
    complain(error);
    return undefined;
  }
}
