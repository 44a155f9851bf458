import type { VNode } from "preact";
import type { Conversation } from "../../core/entities.ts";
import { isLive } from "../../core/views.ts";
import { departmentById, nameOf as personOf, sessionById } from "../../state/directory.ts";
import { dateOf, kindOf, momentOf, t } from "../../state/i18n.ts";

/** One round: when it was, who had it, how it ended, what was said last. */
export function Round({ c }: { c: Conversation }): VNode {
  const last = c.lastMessage;
  const where = [
    sessionById.value.get(c.sessionId)?.name,
    departmentById.value.get(c.departmentId ?? "")?.name,
    personOf(c.assignedUserId ?? c.lastAttendantId),
    c.resolveReason,
  ];
  const span = c.resolvedAt ? `${dateOf(c.createdAt)} – ${dateOf(c.resolvedAt)}` : momentOf(c.createdAt);
  return (
    <a class="round" href={`/dashboard/c/${c.id}?view=${isLive(c) ? "all" : "resolved"}`}>
      <span class="round-head">
        <b>{span}</b>
        <span class={`chip ${isLive(c) ? "info" : ""}`}>{t().status[c.status]}</span>
        {c.rating !== null && <span class="round-rating">{"★".repeat(c.rating)}</span>}
      </span>
      <span class="round-said" dir="auto">
        {last ? last.preview || kindOf(last.type) : "—"}
      </span>
      <small>{where.filter(Boolean).join(" · ")}</small>
    </a>
  );
}
