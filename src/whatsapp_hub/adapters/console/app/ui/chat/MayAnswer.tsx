import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Conversation } from "../../core/entities.ts";
import { isLive } from "../../core/views.ts";
import { nameOf } from "../../state/directory.ts";
import * as handling from "../../state/handling.ts";
import { t } from "../../state/i18n.ts";
import { may, me } from "../../state/session.ts";
import { now } from "../kit/bits.tsx";
import { Button } from "../kit/controls.tsx";

/** Why nobody can answer here now; null: one can. */
export function whyNot(c: Conversation): string | null {
  if (!may("work-conversations")) return t().composer.mayNot;
  if (!isLive(c)) return t().composer.closed;
  if (c.threadHolder) return t().composer.threadHeld(c.threadHolder.replaceAll("_", " "));
  if (c.bot === "talking") return t().composer.botTalks;
  return isClosedWindow(c) ? t().composer.windowClosed : null;
}

/** Whether WhatsApp takes nothing but templates any more. */
export function isClosedWindow(c: Conversation): boolean {
  return isLive(c) && Boolean(c.windowClosesAt && Date.parse(c.windowClosesAt) < now.value);
}

/** The one step after which one can answer. */
export function ComeIn({ c }: { c: Conversation }): VNode | null {
  if (!may("work-conversations")) return null;
  if (!isLive(c) && may("reopen-conversations")) {
    return (
      <Button small icon="reopen" onClick={() => void handling.reopen(c.id)}>
        {t().chat.reopen}
      </Button>
    );
  }
  if (c.threadHolder) {
    return (
      <Button small icon="hand" onClick={() => void handling.takeThread(c.id)}>
        {t().composer.takeThread}
      </Button>
    );
  }
  if (c.bot === "talking") {
    return (
      <Button small icon="hand" onClick={() => void handling.take(c.id)}>
        {t().chat.take}
      </Button>
    );
  }
  return null;
}

/** Writing into somebody else's conversation is said, not forbidden. */
export function Whose({ c }: { c: Conversation }): VNode | null {
  const [isDismissed, setDismissed] = useState(false);
  if (!c.assignedUserId || c.assignedUserId === me.value?.id || !isLive(c) || isDismissed) return null;
  return (
    <p class="composer-whose">
      {t().composer.whose(nameOf(c.assignedUserId))}
      <button type="button" onClick={() => void handling.take(c.id)}>
        {t().chat.take}
      </button>
      <button type="button" onClick={() => setDismissed(true)}>
        {t().composer.anyway}
      </button>
    </p>
  );
}
