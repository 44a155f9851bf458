import type { VNode } from "preact";
import { spanOf } from "../../core/clock.ts";
import type { Entry } from "../../core/outbox.ts";
import { t, timeOf } from "../../state/i18n.ts";
import * as outbox from "../../state/outbox.ts";
import { Formatted } from "../kit/Formatted.tsx";
import { Icon } from "../kit/Icon.tsx";

/** What was written here and has not reached the hub yet: on its way, too old to go unasked, or refused. */
export function Waiting({ entry }: { entry: Entry }): VNode {
  const words = {
    waiting: t().outbox.waiting,
    sending: t().outbox.sending,
    stale: t().outbox.stale(spanOf(Date.now() - entry.at)),
    refused: t().outbox.refused,
  };
  return (
    <article class={`bubble out first waiting ${entry.state}`} aria-label={words[entry.state]}>
      <p class="text" dir="auto">
        <Formatted text={outbox.shownTo(entry.content)} />
      </p>
      <footer>
        <time>{timeOf(new Date(entry.at).toISOString())}</time>
        <span class="ticks" title={words[entry.state]}>
          <Icon name={entry.state === "refused" ? "alert" : "clock"} size="tiny" />
        </span>
      </footer>
      {(entry.state === "stale" || entry.state === "refused") && (
        <div class="fate">
          <p>
            {words[entry.state]} {entry.problem}
          </p>
          <p>
            <button type="button" onClick={() => outbox.again(entry.key)}>
              {t().outbox.again}
            </button>
            <button type="button" onClick={() => outbox.discard(entry.key)}>
              {t().outbox.discard}
            </button>
          </p>
        </div>
      )}
    </article>
  );
}
