// Several conversations at once: which are chosen, and what is done with all of them.
import { signal } from "@preact/signals";
import type { BulkResult } from "../core/schema.ts";
import { Problem } from "../ports/index.ts";
import { api } from "./api.ts";
import { t } from "./i18n.ts";
import { complain, saidOf, say } from "./toasts.ts";

const AT_ONCE = 100;

export const selected = signal<ReadonlySet<string>>(new Set());
let lastChosen: string | null = null;

export type Bulk =
  | { action: "read" | "unread" | "archive" | "assign" }
  | { action: "resolve"; reason?: string }
  | { action: "classify"; priority?: string; addLabels?: string[]; removeLabels?: string[] };

/** Choose one, or take it back; `upTo`: with all between it and the one chosen before, in the order of the list. */
export function choose(id: string, list: readonly string[] = [], upTo = false): void {
  const next = new Set(selected.value);
  const [from, to] = [list.indexOf(lastChosen ?? ""), list.indexOf(id)];
  if (upTo && from >= 0 && to >= 0)
    for (const one of list.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(one);
  else if (!next.delete(id)) next.add(id);
  lastChosen = id;
  selected.value = next;
}

/** Choose both, as one walks on from one to the next; turning back takes the one that is left back. */
export function extend(from: string, to: string): void {
  if (from === to) return;
  const next = new Set(selected.value);
  if (next.has(from) && next.has(to)) next.delete(from);
  else next.add(from).add(to);
  lastChosen = to;
  selected.value = next;
}

export function chooseAll(list: readonly string[]): void {
  selected.value = new Set(list.slice(0, 10 * AT_ONCE));
}

export function clear(): void {
  selected.value = new Set();
  lastChosen = null;
}

/** Do the same with all that are chosen; those for which it was refused stay chosen, and the reason is said. */
export async function handle(bulk: Bulk): Promise<void> {
  const ids = [...selected.value];
  const refused: BulkResult[] = [];
  try {
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const body = { ...bulk, ids: ids.slice(at, at + AT_ONCE) };
      const { data } = await api.send<BulkResult[]>("POST", "/api/conversations/bulk", body);
      refused.push(...data.filter((one) => one.problem));
    }
  } catch (error) {
    return complain(error);
  }
  selected.value = new Set(refused.map((one) => one.id));
  if (!refused.length) return void say(t().inbox.done(ids.length), "ok");
  say(
    `${t().inbox.notDone(ids.length - refused.length, refused.length)} ${reasonsOf(refused)}`,
    "danger",
    undefined,
    12_000,
  );
}

function reasonsOf(refused: readonly BulkResult[]): string {
  const said = refused.map(({ problem: p }) =>
    p ? saidOf(new Problem(p.status, p.type.split(":").pop() ?? "other", p.detail)) : "",
  );
  return [...new Set(said)].slice(0, 3).join(" ");
}
