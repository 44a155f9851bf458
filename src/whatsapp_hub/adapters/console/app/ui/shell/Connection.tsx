import type { VNode } from "preact";
import { wasReset } from "../../state/desk.ts";
import { numberOf, t, timeOf } from "../../state/i18n.ts";
import { connection } from "../../state/painting.ts";
import { actFor, isActing, me } from "../../state/session.ts";
import { now } from "../kit/bits.tsx";
import { Icon } from "../kit/Icon.tsx";

const SILENT_MS = 1_200;

/** The state of the connection, always at the same place: a sign, and words for who hovers or listens. */
export function ConnectionSign(): VNode {
  const { state, position, since } = connection.value;
  const words = {
    live: t().connection.live,
    catching: t().connection.catching,
    connecting: t().connection.connecting,
    offline: t().connection.offline(timeOf(new Date(since).toISOString())),
  }[state];
  return (
    <span
      class={`connection ${state}`}
      role="img"
      aria-label={words}
      title={`${words} · ${t().connection.position(numberOf(position))}`}
    >
      <span class="connection-dot" />
    </span>
  );
}

/** In words over the page, when it is not good for longer than a blink. */
export function ConnectionBanner(): VNode | null {
  now.value;
  const { state, since } = connection.value;
  if (state === "offline" && Date.now() - since > SILENT_MS) {
    return (
      <div class="banner danger" role="status">
        {t().connection.offlineMore(timeOf(new Date(since).toISOString()))}
      </div>
    );
  }
  if (wasReset.value) {
    return (
      <div class="banner" role="status">
        {t().connection.reset}
        <button type="button" onClick={() => (wasReset.value = false)}>
          {t().common.good}
        </button>
      </div>
    );
  }
  return null;
}

/** For whom one acts, where that is not one's own company: always in sight. */
export function ActingBanner(): VNode | null {
  if (!isActing.value) return null;
  return (
    <div class="banner acting" role="status">
      <Icon name="companies" size="tiny" />
      {t().acting.banner(me.value?.company.name ?? "")}
      <button type="button" onClick={() => actFor(null)}>
        {t().acting.back}
      </button>
    </div>
  );
}
