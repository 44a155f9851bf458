import { laterTimes } from "../../core/clock.ts";
import type { Conversation } from "../../core/entities.ts";
import * as handling from "../../state/handling.ts";
import { t, whenOf } from "../../state/i18n.ts";
import type { MenuItem } from "../kit/overlays.tsx";

/** Until when a conversation can be put out of sight; one that is can come back now. */
export function snoozeItems(c: Conversation): MenuItem[] {
  if (c.snoozedUntil) return [{ label: t().chat.unsnooze, run: () => void handling.snooze(c.id, null) }];
  return laterTimes(new Date()).map(({ kind, at }) => ({
    label: t().chat.snoozeFor[kind],
    hint: whenOf(at.toISOString()),
    run: () => void handling.snooze(c.id, at.toISOString()),
  }));
}
