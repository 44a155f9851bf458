import type { VNode } from "preact";
import * as desk from "../../state/desk.ts";
import * as directory from "../../state/directory.ts";
import * as hearing from "../../state/hearing.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { go, path } from "../../state/route.ts";
import { may, me, signOut } from "../../state/session.ts";
import { attempt } from "../../state/toasts.ts";
import { Avatar } from "../kit/bits.tsx";
import { Icon, type IconName } from "../kit/Icon.tsx";
import { Menu, type MenuItem } from "../kit/overlays.tsx";
import { ConnectionSign } from "./Connection.tsx";
import { Mark } from "./Mark.tsx";

type Place = readonly [address: string, icon: IconName, label: string, needs: string];

function places(): Place[] {
  const all: Place[] = [
    ["/dashboard", "inbox", t().rail.inbox, "read-conversations"],
    ["/dashboard/sessions", "number", t().rail.numbers, "manage-sessions"],
    ["/dashboard/users", "users", t().rail.users, "manage-users"],
    ["/dashboard/departments", "building", t().rail.departments, "manage-departments"],
    ["/dashboard/automation/replies", "zap", t().rail.replies, "read-quick-replies"],
    ["/dashboard/metrics", "chart", t().rail.metrics, "read-metrics"],
    ["/dashboard/audit", "audit", t().rail.audit, "read-audit"],
    ["/dashboard/settings", "settings", t().rail.company, "manage-company"],
  ];
  return all.filter(([, , , needs]) => may(needs));
}

/** Where one can go, and below: connection, bell, presence, me. */
export function Rail(): VNode {
  const at = path.value;
  return (
    <nav class="rail" aria-label={t().rail.label}>
      <a class="rail-mark" href="/welcome" aria-label={t().rail.guide} title={t().rail.guide}>
        <Mark small />
      </a>
      <ul>
        {places().map(([address, icon, label]) => {
          const isHere =
            address === "/dashboard" ? at === "/dashboard" || at.startsWith("/dashboard/c/") : at === address;
          return (
            <li key={address}>
              <a href={address} aria-current={isHere ? "page" : undefined} title={label}>
                <Icon name={icon} />
                <span>{label}</span>
                {address === "/dashboard" && desk.counts.value.waiting > 0 && (
                  <b class="badge">{desk.counts.value.waiting}</b>
                )}
              </a>
            </li>
          );
        })}
      </ul>
      <div class="rail-foot">
        <ConnectionSign />
        <Bell />
        <Presence />
      </div>
    </nav>
  );
}

function Bell(): VNode {
  const count = hearing.unseen.value;
  const items: MenuItem[] = hearing.notifications.value.slice(0, 12).map((n) => ({
    label: t().notify.kinds[n.kind as keyof ReturnType<typeof t>["notify"]["kinds"]] ?? n.kind,
    hint: `${desk.rowOf(n.conversationId).value?.customerName ?? ""} ${momentOf(n.createdAt)} ${n.readAt ? "" : "●"}`,
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
