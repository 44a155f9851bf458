// A list that is kept in order while conversations change: a change moves one row, and looks at no other.
import type { Conversation } from "./entities.ts";
import { placeOf, SORTS } from "./order.ts";
import { type Choice, isListed, type Reader } from "./views.ts";

/** What is listed, by which choice. */
export interface Asked {
  choice: Choice;
  reader: Reader;
  /** The last that the hub has listed, after which there are more that are not known here. */
  upTo: Conversation | null;
}

export interface Kept extends Asked {
  rows: readonly Conversation[];
  ids: readonly string[];
}

/** List anew, all of them. */
export function kept(all: Iterable<Conversation>, asked: Asked): Kept {
  const rows = [...all].filter((c) => isListed(c, asked)).sort(SORTS[asked.choice.sort]);
  return { ...asked, rows, ids: rows.map((c) => c.id) };
}

/** List again after some changed, for the same choice; `now`: what became of them, nothing where they are gone. */
export function changed(before: Kept, some: ReadonlySet<string>, now: (id: string) => Conversation | null): Kept {
  const order = SORTS[before.choice.sort];
  const rows = before.rows.filter((c) => !some.has(c.id));
  for (const id of some) {
    const c = now(id);
    if (c && isListed(c, before)) rows.splice(placeOf(rows, c, order), 0, c);
  }
  return { ...before, rows, ids: rows.map((c) => c.id) };
}
