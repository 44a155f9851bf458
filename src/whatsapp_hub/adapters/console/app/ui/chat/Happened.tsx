import type { VNode } from "preact";
import type { Happening } from "../../core/happenings.ts";
import { departmentById, nameOf } from "../../state/directory.ts";
import { momentOf, t, timeOf } from "../../state/i18n.ts";
import { reasonOf } from "../../state/reasons.ts";
import { Icon, type IconName } from "../kit/Icon.tsx";

const ICONS: Record<Happening["type"], IconName> = {
  "conversation.queued": "clock",
  "conversation.assigned": "user",
  "conversation.unassigned": "undo",
  "conversation.transferred": "transfer",
  "conversation.resolved": "done",
  "conversation.reopened": "reopen",
  "conversation.archived": "archive",
  "conversation.handed_over": "bot",
  "conversation.rated": "star",
  "conversation.target_breached": "warning",
};
const WITH_REASON = new Set<Happening["type"]>(["conversation.assigned", "conversation.queued"]);

/** One thing that happened to the conversation, at its time among what was said. */
export function Happened({ happening }: { happening: Happening }): VNode {
  const { type, at, conversation: c } = happening;
  const reason = WITH_REASON.has(type) ? reasonOf(c) : null;
  const whom = type === "conversation.assigned" ? nameOf(c.assignedUserId) : "";
  const isNamed = Boolean(whom && reason?.includes(whom));
  const said = [isNamed ? t().happened[type] : sentence(happening), reason].filter(Boolean).join(" · ");
  return (
    <p class="system-line happened">
      <Icon name={ICONS[type]} size="tiny" />
      <span>{said}</span>
      <time dateTime={at} title={momentOf(at)}>
        {timeOf(at)}
      </time>
    </p>
  );
}

function sentence({ type, conversation: c }: Happening): string {
  const what = t().happened[type];
  const to = (whom: string | undefined): string => (whom ? t().happened.to(what, whom) : what);
  switch (type) {
    case "conversation.assigned":
      return to(nameOf(c.assignedUserId));
    case "conversation.queued":
    case "conversation.transferred":
      return to(departmentById.value.get(c.departmentId ?? "")?.name);
    case "conversation.resolved":
      return to(c.resolveReason ?? undefined);
    case "conversation.rated":
      return to("★".repeat(c.rating ?? 0));
    default:
      return what;
  }
}
