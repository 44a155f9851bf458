// The list of what is chosen, as far as the hub has to be asked: closed conversations, searches, and everything while not all
// live ones are known here. Counts likewise.
import { computed, effect, signal } from "@preact/signals";
import type { Conversation } from "../core/entities.ts";
import { asked, type Choice, counted, VIEWS, type View } from "../core/views.ts";
import { api } from "./api.ts";
import * as desk from "./desk.ts";
import * as painting from "./painting.ts";

const PAGE = 100;
const SHORT_PAGES = 20;
const COUNT_APART_MS = 15_000;

type Counts = Record<View, number>;

interface Listing {
  key: string;
  /** Leads on; null: the hub has listed all of it. */
  next: string | null;
  last: Conversation | null;
}

const current = signal<Listing>({ key: "", next: null, last: null });
const fromHub = signal<{ counts: Counts; isComplete: boolean } | null>(null);
let loading = false;

/** How many conversations each view has: by what is known here, or, where that is not all, by the hub's last count. */
export const counts = computed<Counts>(() => {
  painting.revision.value;
  return (!desk.isWhole.value && fromHub.value?.counts) || counted(painting.conversations(), painting.reader.value);
});
/** There are more than the hub has counted. */
export const isCutShort = computed(() => !desk.isWhole.value && fromHub.value?.isComplete === false);

/** Whether a choice is answered by what is known here alone. */
export function isKnown(choice: Choice): boolean {
  return desk.isWhole.value && choice.view !== "resolved";
}

/** The last conversation that the hub listed for a choice, if there are more after it. */
export function horizon(choice: Choice): Conversation | null {
  return !isKnown(choice) && current.value.key === keyOf(choice) && current.value.next ? current.value.last : null;
}

/** Whether the hub has more of a list than was looked through. */
export function goesOn(choice: Choice): boolean {
  return !isKnown(choice) && current.value.key === keyOf(choice) && current.value.next !== null;
}

/** Read the beginning of a list. */
export async function begin(choice: Choice): Promise<void> {
  const key = keyOf(choice);
  if (isKnown(choice) || current.value.key === key) return;
  current.value = { key, next: null, last: null };
  await read(choice, null);
}

/** Read on, as one scrolls. */
export async function more(choice: Choice): Promise<void> {
  const { key, next } = current.value;
  if (!next || loading || key !== keyOf(choice) || isKnown(choice)) return;
  loading = true;
  try {
    await read(choice, next);
  } finally {
    loading = false;
  }
}

/** Read a page; one that is short and yet has a cursor looked at as many as it may, and is followed by the next. */
async function read(choice: Choice, cursor: string | null): Promise<void> {
  const key = keyOf(choice);
  let next = cursor;
  for (let n = 0; n < SHORT_PAGES; n++) {
    const answer = await desk.page({ ...asked(choice), limit: PAGE, cursor: next });
    if (current.value.key !== key) return;
    next = answer.next;
    current.value = { key, next, last: answer.last ?? current.value.last };
    if (!next || answer.last) return;
  }
}

function keyOf(choice: Choice): string {
  return JSON.stringify(asked(choice));
}

/** Ask the hub for counts, now and then, for as long as not all is known here. */
export function keepCounting(): void {
  let at = 0;
  effect(() => {
    painting.revision.value;
    if (!painting.isLoaded.value || desk.isWhole.value || Date.now() - at < COUNT_APART_MS) return;
    at = Date.now();
    void count().catch(() => {});
  });
}

async function count(): Promise<void> {
  const { data } = await api.get<Counts & { isComplete: boolean }>("/api/conversations/counts");
  const views = Object.fromEntries(VIEWS.map((view) => [view, data[view] ?? 0])) as Counts;
  fromHub.value = { counts: views, isComplete: data.isComplete };
}
