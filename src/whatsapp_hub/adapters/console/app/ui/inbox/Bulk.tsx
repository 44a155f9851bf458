import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { PRIORITIES } from "../../core/views.ts";
import { labels } from "../../state/directory.ts";
import { numberOf, t } from "../../state/i18n.ts";
import { openId } from "../../state/inbox.ts";
import * as selecting from "../../state/selecting.ts";
import { may, me } from "../../state/session.ts";
import { Button, Field, IconButton, Select } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Dialog, Menu, type MenuItem } from "../kit/overlays.tsx";
import { onKey } from "../shell/keys.tsx";

/** What is done with all chosen conversations; there while any is chosen. `list`: the ids in their order. */
export function Bulk({ list }: { list: readonly string[] }): VNode | null {
  const isLabelling = useSignal(false);
  const isResolving = useSignal(false);
  const count = selecting.selected.value.size;
  useEffect(() => onKey("x", () => openId.value && may("work-conversations") && selecting.choose(openId.value)), []);
  if (!count) return null;
  const { handle } = selecting;
  const more: (MenuItem | "line")[] = [
    { label: t().inbox.all(list.length), run: () => selecting.chooseAll(list) },
    "line",
    { label: t().chat.markUnread, icon: <Icon name="unread" />, run: () => void handle({ action: "unread" }) },
    { label: t().chat.archive, icon: <Icon name="archive" />, run: () => void handle({ action: "archive" }) },
    { label: t().inbox.label, icon: <Icon name="tag" />, run: () => (isLabelling.value = true) },
    "line",
    ...PRIORITIES.map((priority) => ({
      label: t().priority[priority],
      icon: <Icon name="flag" />,
      run: () => void handle({ action: "classify", priority }),
    })),
  ];
  return (
    <div class="bulk" role="toolbar" aria-label={t().inbox.chosen(count)}>
      <b>{numberOf(count)}</b>
      <IconButton icon="hand" label={t().chat.take} onClick={() => void handle({ action: "assign" })} />
      <IconButton icon="read" label={t().inbox.markRead} onClick={() => void handle({ action: "read" })} />
      <IconButton
        icon="done"
        label={t().chat.resolve}
        onClick={() =>
          me.value?.company.resolveReasons.length ? (isResolving.value = true) : void handle({ action: "resolve" })
        }
      />
      <Menu label={t().chat.more} items={more} />
      <IconButton icon="close" label={t().inbox.none} onClick={selecting.clear} />
      {isLabelling.value && <Labelling onClose={() => (isLabelling.value = false)} />}
      {isResolving.value && <Resolving onClose={() => (isResolving.value = false)} />}
    </div>
  );
}

function Labelling({ onClose }: { onClose: () => void }): VNode {
  const label = useSignal("");
  const act = (how: "addLabels" | "removeLabels"): void => {
    if (label.value.trim()) void selecting.handle({ action: "classify", [how]: [label.value.trim()] });
    onClose();
  };
  return (
    <Dialog title={t().inbox.label} onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          act("addLabels");
        }}
      >
        <Field
          label={t().inbox.label}
          name="label"
          autoFocus
          required
          hint={labels.value.slice(0, 8).join(", ")}
          value={label.value}
          onInput={(value) => (label.value = value)}
        />
        <div class="actions">
          <Button kind="quiet" onClick={() => act("removeLabels")}>
            {t().inbox.unlabel}
          </Button>
          <Button type="submit" kind="primary" icon="tag">
            {t().inbox.addLabel}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Resolving({ onClose }: { onClose: () => void }): VNode {
  const reasons = me.value?.company.resolveReasons ?? [];
  const reason = useSignal(reasons[0] ?? "");
  return (
    <Dialog title={t().chat.resolveReason} onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void selecting.handle({ action: "resolve", reason: reason.value });
          onClose();
        }}
      >
        <Select
          label={t().chat.resolveReason}
          value={reason.value}
          onChange={(value) => (reason.value = value)}
          options={reasons.map((one) => ({ value: one, label: one }))}
        />
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t().common.cancel}
          </Button>
          <Button type="submit" kind="primary" icon="done">
            {t().chat.resolve}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
