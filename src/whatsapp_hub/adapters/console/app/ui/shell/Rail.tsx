import type { VNode } from "preact";
import * as directory from "../../state/directory.ts";
import * as hearing from "../../state/hearing.ts";
import { momentOf, t } from "../../state/i18n.ts";
import * as listing from "../../state/listing.ts";
import * as painting from "../../state/painting.ts";
import { go, path } from "../../state/route.ts";
import { me, signOut } from "../../state/session.ts";
import { attempt } from "../../state/toasts.ts";
import { Avatar } from "../kit/bits.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu, type MenuItem } from "../kit/overlays.tsx";
import { ConnectionSign } from "./Connection.tsx";
import { Mark } from "./Mark.tsx";
import { isAt, labelOf, offered, type Place, rows } from "./places.ts";

/** Where one can go, and below: connection, bell, presence, me. */
export function Rail(): VNode {
  const at = path.value;
  const shown = rows();
  return (
    <nav class="rail" aria-label={t().rail.label}>
      <a class="rail-mark" href="/welcome" aria-label={t().rail.guide} title={t().rail.guide}>
        <Mark small />
      </a>
      <ul>
        {shown.map((row) => (
          <Entry key={row[0]!.address} row={row} at={at} />
        ))}
      </ul>
      <More at={at} />
      <div class="rail-foot">
        <ConnectionSign />
        <Bell />
        <Presence />
      </div>
    </nav>
  );
}

function Entry({ row, at }: { row: readonly Place[]; at: string }): VNode {
  const first = row[0]!;
  const isHere = row.some((place) => isAt(place, at));
  const label = row.length > 1 && first.group ? t().rail[first.group] : labelOf(first);
  return (
    <li>
      <a href={first.address} aria-current={isHere ? "page" : undefined} title={label}>
        <Icon name={first.icon} />
        <span>{label}</span>
        {first.address === "/dashboard" && listing.counts.value.waiting > 0 && (
          <b class="badge">{listing.counts.value.waiting}</b>
        )}
      </a>
    </li>
  );
}

/** On a phone the bar has room for a few; the others stand here, in words. */
function More({ at }: { at: string }): VNode {
  const items: MenuItem[] = offered().map((place) => ({
    label: labelOf(place),
    icon: <Icon name={place.icon} />,
    checked: isAt(place, at),
    run: () => go(place.address),
  }));
  return (
    <Menu label={t().rail.more} items={items} className="icon-button rail-more">
      <Icon name="menu" />
    </Menu>
  );
}

function Bell(): VNode {
  const count = hearing.unseen.value;
  const items: MenuItem[] = hearing.notifications.value.slice(0, 12).map((n) => ({
    label: t().notify.kinds[n.kind] ?? n.kind,
    hint: `${painting.rowOf(n.conversationId).value?.customerName ?? ""} ${momentOf(n.createdAt)} ${n.readAt ? "" : "●"}`,
    run: () => go(`/dashboard/c/${n.conversationId}`),
  }));
  const empty: MenuItem[] = [{ label: t().notify.none, run: () => {} }];
  const read: (MenuItem | "line")[] = count
    ? ["line", { label: t().notify.read, run: () => void attempt(hearing.seen).then(hearing.loadNotifications) }]
    : [];
  return (
    <Menu
      label={count ? t().notify.some(count) : t().notify.title}
      items={[...(items.length ? items : empty), ...read]}
      className="icon-button bell"
    >
      <Icon name="bell" />
      {count > 0 && <b class="dot" />}
    </Menu>
  );
}

function Presence(): VNode | null {
  const user = me.value;
  if (!user) return null;
  const status = directory.myStatus.value;
  const change = (to: "ONLINE" | "BUSY" | "OFFLINE") => ({
    label: t().presence[to],
    hint: t().presence.more[to],
    checked: status === to,
    icon: <span class={`presence ${to.toLowerCase()}`} aria-hidden="true" />,
    run: () => void attempt(() => directory.setStatus(to)),
  });
  return (
    <Menu
      label={t().me.menu(user.name, t().presence[status])}
      className="rail-me"
      name="me"
      items={[
        change("ONLINE"),
        change("BUSY"),
        change("OFFLINE"),
        "line",
        { label: t().me.settings, icon: <Icon name="settings" />, run: () => go("/settings/me") },
        { label: t().me.signOut, icon: <Icon name="logout" />, run: () => void signOut() },
      ]}
    >
      <Avatar name={user.name} status={status} small />
    </Menu>
  );
}
