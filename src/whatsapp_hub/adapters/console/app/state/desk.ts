// The inbox is kept live by one connection, resumed by position: it begins with the newest conversations, and reads what
// was missed.
import { signal } from "@preact/signals";
import type { Conversation } from "../core/entities.ts";
import { type HubEvent, positionOf } from "../core/events.ts";
import { nothingTouched, putRow, reduce } from "../core/world.ts";
import { type Answer, type LiveListener, Problem } from "../ports/index.ts";
import { takeFirstPage } from "./ahead.ts";
import { api } from "./api.ts";
import * as chats from "./chats.ts";
import * as directory from "./directory.ts";
import { heard } from "./hearing.ts";
import { live } from "./live.ts";
import { type ConnectionState, connection, isLoaded, leaveOutOfSight, paint, painted, world } from "./painting.ts";
import { recognise, standing } from "./session.ts";

const FURTHER = 200;
const MOST_ROWS = 6_000;
const AGAIN_MS = 2_000;

let buffer: HubEvent[] | null = null;
let beginning: Promise<void> | null = null;
let wasLive = false;

export const loadProblem = signal<unknown>(null);
export const wasReset = signal(false);
/** All live conversations in sight are known here: lists and counts need no hub. */
export const isWhole = signal(false);

function apply(event: HubEvent): void {
  const touched = reduce(world, event);
  leaveOutOfSight(touched);
  paint(touched);
}

const listener: LiveListener = {
  connected() {
    if (!wasLive) {
      // a moment after the first page: what came since is on its way
      wasLive = true;
      become("live");
    } else {
      become("catching");
      void measure();
    }
  },
  event(event) {
    for (const hear of others) hear(event);
    if ("conversation" in event && event.conversation?.assignedUserId)
      directory.meet([event.conversation.assignedUserId]);
    if (event.name === "agent-status") return directory.presence(event.userId, event.status);
    if (event.name === "session-changed") directory.sessionState(event.sessionId, event.status, event.statusReason);
    if (event.name !== "typing" && event.name !== "viewers" && positionOf(event) !== undefined) {
      chats.remember(event);
      if (buffer) buffer.push(event);
      else apply(event);
    }
    heard(event, connection.value.state === "live");
  },
  reset(position) {
    world.position = position;
    wasReset.value = true;
    for (const [id, chat] of world.chats)
      if (chat.older !== undefined)
        world.chats.set(id, { ...chat, messages: [], notes: [], older: undefined, hasNewer: false });
    buffer = [];
    void anew();
  },
  disconnected() {
    if (connection.value.state !== "offline") become("offline");
  },
  dismissed(code) {
    if (code === "changed" || code === "unauthenticated" || code === "refused") void recognise().then(directory.load);
    if (code === "unauthenticated" && standing.value === "in") standing.value = "expired";
  },
};

function become(state: ConnectionState): void {
  connection.value = { state, since: Date.now(), position: world.position };
}

/** Begin: read the newest conversations, connect from the position that they reflect, then read all that are live.
 * Returns once there is something to show. */
export function start(): Promise<void> {
  beginning ??= begin();
  const begun = beginning;
  live.start(listener, () => begun.then(() => world.position));
  return begun;
}

async function begin(): Promise<void> {
  for (;;) {
    loadProblem.value = null;
    try {
      const answer = await takeFirstPage();
      world.position = answer.position ?? 0;
      take(answer, world.position);
      isLoaded.value = true;
      painted();
      void rest(answer.next).catch(() => {});
      return;
    } catch (error) {
      loadProblem.value = error;
      become("offline");
      if (!(error instanceof Problem) || !isPassing(error)) {
        beginning = null;
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

/** Read everything anew, where the log no longer has what was missed. */
async function anew(): Promise<void> {
  isWhole.value = false;
  become("catching");
  loadProblem.value = null;
  try {
    const { next } = await page({ status: "OPEN,ASSIGNED", limit: FURTHER });
    const waiting = buffer ?? [];
    buffer = null;
    for (const event of waiting) apply(event);
    painted();
    become("live");
    chats.loadOpened();
    await rest(next);
  } catch (error) {
    loadProblem.value = error;
    if (error instanceof Problem && isPassing(error)) setTimeout(() => buffer && void anew(), AGAIN_MS);
  }
}

/** Read all that follows, page by page; where the hub has no time for one, again a moment later. */
async function rest(cursor: string | null): Promise<void> {
  let next = cursor;
  while (next && world.rows.size < MOST_ROWS) {
    await new Promise((resolve) => setTimeout(resolve, 120));
    try {
      next = (await page({ status: "OPEN,ASSIGNED", limit: FURTHER, cursor: next })).next;
    } catch (error) {
      if (!(error instanceof Problem) || !isPassing(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, (error.retryAfterS ?? 0) * 1_000 + AGAIN_MS));
    }
  }
  isWhole.value = next === null;
}

function isPassing(problem: Problem): boolean {
  return problem.isOffline || problem.status >= 500 || problem.status === 429;
}

/** Read a page of the list; `last`: the last conversation of it, `next`: the cursor to what follows. */
export async function page(
  query: Record<string, string | number | null>,
): Promise<{ next: string | null; last: Conversation | null }> {
  const before = world.position;
  const answer = await api.get<Conversation[]>("/api/conversations", query);
  take(answer, before);
  return { next: answer.next, last: answer.data.at(-1) ?? null };
}

function take(answer: Answer<Conversation[]>, before: number): void {
  const touched = nothingTouched();
  for (const conversation of answer.data) putRow(world, conversation, answer.position ?? before, touched, true);
  paint(touched);
}

/** Find out that everything missed has come: the hub sends it before it answers what is asked afterwards. */
async function measure(): Promise<void> {
  try {
    await api.get("/api/conversations", { limit: 1, status: "OPEN" });
    let seen = -1;
    while (seen !== world.position) {
      seen = world.position;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    if (connection.value.state === "catching") become("live");
  } catch {
    setTimeout(() => connection.value.state === "catching" && void measure(), 1_000);
  }
}

const others: ((event: HubEvent) => void)[] = [];

/** Show each event to somebody else too, before it is painted. */
export function alsoHear(hear: (event: HubEvent) => void): void {
  others.push(hear);
}
