// Who can be mentioned in a note of a conversation: colleagues who see it.
import type { Conversation, UserView } from "../core/entities.ts";
import { isInSight } from "../core/views.ts";
import { users } from "./directory.ts";
import { me } from "./session.ts";

/** The colleagues who see a conversation, by name. */
export function readersOf(c: Conversation): UserView[] {
  return users.value
    .filter((user) => user.isActive && user.id !== me.value?.id && isInSight(c, user, user.role !== "AGENT"))
    .sort((a, b) => a.name.localeCompare(b.name));
}
