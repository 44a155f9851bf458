import type { VNode } from "preact";
import type { Conversation, LastMessage } from "../../core/entities.ts";
import { lastActivity, nextDue } from "../../core/order.ts";
import { isLive } from "../../core/views.ts";
import { departmentById, nameOf, sessionById, sessions } from "../../state/directory.ts";
import * as drafts from "../../state/drafts.ts";
import * as hearing from "../../state/hearing.ts";
import { kindOf, momentOf, numberOf, shortOf, t } from "../../state/i18n.ts";
import { addressOf, openId } from "../../state/inbox.ts";
import { customerOf } from "../../state/names.ts";
import * as painting from "../../state/painting.ts";
import { me } from "../../state/session.ts";
import * as viewing from "../../state/viewing.ts";
import { Avatar, Due } from "../kit/bits.tsx";
import { Icon } from "../kit/Icon.tsx";

/** One conversation of the list; it paints itself anew when it alone has changed. */
export function RowLink({ id }: { id: string }): VNode | null {
  const c = painting.rowOf(id).value;
  if (!c) return null;
  const due = isLive(c) ? nextDue(c) : null;
  const isOpen = openId.value === id;
  return (
    <a class="row" href={addressOf(id)} aria-current={isOpen ? "true" : undefined} draggable={false}>
      <Avatar name={customerOf(c)} color={departmentById.value.get(c.departmentId ?? "")?.color} />
      <span class="row-name" dir="auto">
        {customerOf(c)}
      </span>
      <time class="row-time" dateTime={lastActivity(c)} title={momentOf(lastActivity(c))}>
        {shortOf(lastActivity(c))}
      </time>
      <span class="row-preview">
        <Preview c={c} />
      </span>
      <span class="row-marks">
        {c.priority !== "NORMAL" && <Priority priority={c.priority} />}
        {due && <Due at={due} label={t().list.due} />}
        {c.unreadCount > 0 && (
          <b class="badge">
            {numberOf(c.unreadCount)}
            <span class="unseen"> {t().list.unread}</span>
          </b>
        )}
      </span>
      <span class="row-more">
        <Lookers id={c.id} />
        {c.bot === "talking" && (
          <span class="chip bot">
            <Icon name="bot" size="tiny" />
            {t().list.bot}
          </span>
        )}
        <Whose c={c} />
        {c.labels.slice(0, 2).map((label) => (
          <span class="chip" key={label}>
            {label}
          </span>
        ))}
        {c.labels.length > 2 && <span class="chip">+{c.labels.length - 2}</span>}
        {sessions.value.length > 1 && <span class="row-number">{sessionById.value.get(c.sessionId)?.name}</span>}
      </span>
    </a>
  );
}

/** The colleagues who have it open. */
function Lookers({ id }: { id: string }): VNode | null {
  const here = viewing.viewersOf(id).map(nameOf);
  return here.length ? (
    <span class="row-lookers" title={here.map((name) => t().inbox.looks(name)).join(" · ")}>
      <Icon name="eye" size="tiny" />
      <span class="unseen">{here.map((name) => t().inbox.looks(name)).join(" · ")}</span>
    </span>
  ) : null;
}

function Whose({ c }: { c: Conversation }): VNode | null {
  if (c.assignedUserId && c.assignedUserId !== me.value?.id)
    return <span class="row-whose">{nameOf(c.assignedUserId)}</span>;
  if (c.status === "OPEN")
    return (
      <span class="row-whose open">{departmentById.value.get(c.departmentId ?? "")?.name ?? t().list.unassigned}</span>
    );
  if (!isLive(c)) return <span class="row-whose">{t().status[c.status]}</span>;
  return null;
}

export function Priority({ priority }: { priority: Conversation["priority"] }): VNode {
  const tone = { URGENT: "danger", HIGH: "warning", LOW: "", NORMAL: "" }[priority];
  return (
    <span class={`chip ${tone}`}>
      <Icon name="flag" size="tiny" />
      {t().priority[priority]}
    </span>
  );
}

function Preview({ c }: { c: Conversation }): VNode | string {
  drafts.drafted.value;
  const typing = hearing.typing.value.get(c.id);
  if (typing?.size)
    return (
      <em class="typing">
        {typing.has("customer") ? t().chat.customerTypes : t().chat.types(nameOf([...typing.keys()][0]))}
      </em>
    );
  const draft = openId.value === c.id ? "" : drafts.read(c.id, "reply");
  if (draft) {
    return (
      <>
        <span class="draft">{t().list.draft}</span> {draft}
      </>
    );
  }
  const last = c.lastMessage;
  if (!last) return t().flow[c.flowState];
  return (
    <>
      {last.direction === "OUTBOUND" && <LastTicks last={last} />}
      <span dir="auto">{last.preview || kindOf(last.type)}</span>
    </>
  );
}

function LastTicks({ last }: { last: LastMessage }): VNode {
  const icon = { PENDING: "clock", SENT: "check", DELIVERED: "checks", READ: "checks", FAILED: "warning" } as const;
  return (
    <span class={`ticks ${last.status.toLowerCase()}`}>
      <Icon name={icon[last.status]} size="tiny" />
      <span class="unseen">{t().ticks[last.status]}: </span>
    </span>
  );
}
