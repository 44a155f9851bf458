import { signal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { spanOf, urgencyOf } from "../../core/clock.ts";
import type { OnlineStatus } from "../../core/entities.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { Icon, type IconName } from "./Icon.tsx";

/** The present time, for clocks on the screen; it moves four times a minute. */
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 15_000);

export function initials(name: string): string {
  const words = name
    .replace(/[^\p{L}\s]/gu, " ")
    .trim()
    .split(/\s+/)
    .filter(Boolean);
  const first = words[0]?.[0];
  return first ? (first + (words.length > 1 ? (words.at(-1)?.[0] ?? "") : "")).toUpperCase() : "#";
}

export function Avatar({
  name,
  color,
  status,
  small,
}: {
  name: string;
  color?: string | null;
  status?: OnlineStatus;
  small?: boolean;
}): VNode {
  return (
    <span
      class={`avatar ${small ? "small" : ""}`}
      aria-hidden="true"
      data-initials={initials(name)}
      ref={(element) => tint(element, color)}
    >
      {status && <span class={`presence ${status.toLowerCase()}`} />}
    </span>
  );
}

/** A department's colour, as a ring: text on it keeps its contrast. */
function tint(element: HTMLElement | null, color: string | null | undefined): void {
  if (element) element.style.boxShadow = color && /^#[0-9a-f]{6}$/i.test(color) ? `inset 0 0 0 2px ${color}` : "";
}

export function PresenceDot({ status }: { status: OnlineStatus }): VNode {
  return (
    <>
      <span class={`presence ${status.toLowerCase()}`} aria-hidden="true" />
      <span class="unseen">{t().presence[status]}</span>
    </>
  );
}

export function Empty({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
}): VNode {
  return (
    <div class="empty">
      <Icon name={icon} size="large" />
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** How long until something is due: in words, and in colour when it is near or over. */
export function Due({ at, label }: { at: string; label: string }): VNode {
  const urgency = urgencyOf(at, now.value);
  const span = spanOf(Date.parse(at) - now.value);
  return (
    <span class={`chip ${urgency === "calm" ? "" : urgency}`} title={`${label}: ${momentOf(at)}`}>
      <Icon name={urgency === "late" ? "warning" : "clock"} size="tiny" />
      <span class="unseen">{label} </span>
      {urgency === "late" ? t().list.lateBy(span) : span}
    </span>
  );
}

export function Skeletons({ rows, height }: { rows: number; height: number }): VNode {
  return (
    <div aria-hidden="true" class="skeletons">
      {Array.from({ length: rows }, (_, n) => (
        <div key={n} class="skeleton" style={{ height }} />
      ))}
    </div>
  );
}
