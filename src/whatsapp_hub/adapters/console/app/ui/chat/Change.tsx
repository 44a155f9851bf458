import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Message } from "../../core/entities.ts";
import { can } from "../../state/capabilities.ts";
import * as handling from "../../state/handling.ts";
import { t } from "../../state/i18n.ts";
import { may, me } from "../../state/session.ts";
import { now } from "../kit/bits.tsx";
import { Button, Field } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Dialog, type MenuItem } from "../kit/overlays.tsx";

/** WhatsApp takes an edit for a quarter of an hour, a deletion for two days. */
const EDITED_WITHIN_MS = 15 * 60_000;
const REVOKED_WITHIN_MS = 48 * 3_600_000;

export type Changing = "edit" | "revoke" | null;

/** What one can do with a message of one's own, where its number's provider can. */
export function changesOf(m: Message, change: (how: Changing) => void): MenuItem[] {
  const isOwn = m.direction === "OUTBOUND" && !m.isBot && m.senderId !== null && m.senderId === me.value?.id;
  if (!isOwn || m.revokedAt || !m.whatsappMessageId || m.status === "FAILED" || !may("work-conversations")) return [];
  const age = now.value - Date.parse(m.createdAt);
  const items: MenuItem[] = [];
  if (m.type === "TEXT" && age < EDITED_WITHIN_MS && can(m.sessionId, "edit"))
    items.push({ label: t().inbox.edit, icon: <Icon name="pencil" />, run: () => change("edit") });
  if (age < REVOKED_WITHIN_MS && can(m.sessionId, "revoke"))
    items.push({ label: t().inbox.revoke, icon: <Icon name="trash" />, danger: true, run: () => change("revoke") });
  return items;
}

/** Write a message anew, or take it back from the customer's phone. */
export function Change({ m, how, onClose }: { m: Message; how: "edit" | "revoke"; onClose: () => void }): VNode {
  const [text, setText] = useState(m.content ?? "");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const done = how === "edit" ? handling.edit(m, text.trim()) : handling.revoke(m);
    if (await done) onClose();
    else setBusy(false);
  };
  return (
    <Dialog title={how === "edit" ? t().inbox.edit : t().inbox.revoke} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {how === "edit" ? (
          <Field label={t().chat.messages} name="text" long required autoFocus value={text} onInput={setText} />
        ) : (
          <p>{t().inbox.revokeMore}</p>
        )}
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t().common.cancel}
          </Button>
          <Button
            type="submit"
            kind={how === "edit" ? "primary" : "danger"}
            disabled={busy || (how === "edit" && (!text.trim() || text.trim() === m.content))}
          >
            {how === "edit" ? t().common.save : t().inbox.revoke}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
