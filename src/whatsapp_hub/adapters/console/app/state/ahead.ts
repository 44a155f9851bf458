// The inbox's first page is asked for before anything else is known, so that it comes while the desk's code does.
import type { Conversation } from "../core/entities.ts";
import type { Answer } from "../ports/index.ts";
import { api } from "./api.ts";

const FIRST = 50;
let ahead: Promise<Answer<Conversation[]>> | null = null;

/** Ask for the newest conversations under way. Who is not signed in is refused, and nothing comes of it. */
export function readAhead(): void {
  ahead = firstPage();
  ahead.catch(() => {});
}

/** What was asked for, once; later, or where it was refused (one had not signed in yet), it is asked for anew. Raises
 * Problem. */
export function takeFirstPage(): Promise<Answer<Conversation[]>> {
  const asked = ahead ? ahead.catch(firstPage) : firstPage();
  ahead = null;
  return asked;
}

function firstPage(): Promise<Answer<Conversation[]>> {
  return api.get<Conversation[]>("/api/conversations", { status: "OPEN,ASSIGNED", limit: FIRST });
}
