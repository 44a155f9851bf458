import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { QuickReplyView } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { may } from "../../state/session.ts";
import { attempt, complain } from "../../state/toasts.ts";
import { Empty } from "../kit/bits.tsx";
import { Button, Field } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu } from "../kit/overlays.tsx";
import { type Column, FormDialog, PageHead, Table } from "./parts.tsx";

const VARIABLES = ["{{customerName}}", "{{agentName}}", "{{companyName}}"] as const;

/** Texts that agents call up with `/` while they answer. */
export default function Replies(): VNode {
  const [edited, setEdited] = useState<QuickReplyView | "new" | null>(null);
  useEffect(() => void directory.loadReplies().catch(complain), []);
  const canManage = may("manage-quick-replies");
  const remove = async (reply: QuickReplyView): Promise<void> => {
    await attempt(() => api.send("DELETE", `/api/quick-replies/${reply.id}`));
    await directory.loadReplies().catch(complain);
  };
  const columns: Column<QuickReplyView>[] = [
    { label: t().replies.shortcut, shown: (r) => <b>/{r.shortcut.replace(/^\//, "")}</b> },
    { label: t().replies.content, shown: (r) => <span class="wide-text">{r.content}</span> },
    { label: t().common.changed, shown: (r) => momentOf(r.updatedAt) },
  ];
  if (canManage) {
    columns.push({
      label: t().common.actions,
      shown: (r) => (
        <Menu
          label={r.shortcut}
          items={[
            { label: t().common.edit, icon: <Icon name="pencil" />, run: () => setEdited(r) },
            { label: t().common.remove, icon: <Icon name="trash" />, danger: true, run: () => void remove(r) },
          ]}
        />
      ),
    });
  }
  return (
    <>
      <PageHead title={t().rail.replies} more={t().replies.more}>
        {canManage && (
          <Button kind="primary" icon="plus" onClick={() => setEdited("new")}>
            {t().replies.add}
          </Button>
        )}
      </PageHead>
      {directory.replies.value.length ? (
        <Table label={t().rail.replies} items={directory.replies.value} columns={columns} idOf={(r) => r.id} />
      ) : (
        <Empty icon="zap" title={t().replies.none} />
      )}
      {edited && <Edit reply={edited === "new" ? null : edited} onClose={() => setEdited(null)} />}
    </>
  );
}

function Edit({ reply, onClose }: { reply: QuickReplyView | null; onClose: () => void }): VNode {
  const [shortcut, setShortcut] = useState(reply?.shortcut ?? "");
  const [content, setContent] = useState(reply?.content ?? "");
  const submit = async (): Promise<void> => {
    if (reply) await api.send("PATCH", `/api/quick-replies/${reply.id}`, { shortcut, content });
    else await api.send("POST", "/api/quick-replies", { shortcut, content });
    await directory.loadReplies();
    onClose();
  };
  return (
    <FormDialog title={reply?.shortcut ?? t().replies.add} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          <Field
            label={t().replies.shortcut}
            name="shortcut"
            required
            autoFocus
            value={shortcut}
            onInput={setShortcut}
            wrong={wrong("shortcut")}
            hint={t().replies.shortcutHint}
          />
          <Field
            label={t().replies.content}
            name="content"
            long
            required
            value={content}
            onInput={setContent}
            wrong={wrong("content")}
          />
          <div class="labels">
            {VARIABLES.map((variable) => (
              <button
                key={variable}
                type="button"
                class="chip info"
                onClick={() => setContent(`${content}${variable}`)}
              >
                {variable}
              </button>
            ))}
          </div>
        </>
      )}
    </FormDialog>
  );
}
