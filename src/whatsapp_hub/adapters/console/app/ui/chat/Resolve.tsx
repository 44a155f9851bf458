import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Conversation } from "../../core/entities.ts";
import * as handling from "../../state/handling.ts";
import { t } from "../../state/i18n.ts";
import { me } from "../../state/session.ts";
import { Button, Field } from "../kit/controls.tsx";
import { Dialog } from "../kit/overlays.tsx";

/** Whether the company asks why a conversation is resolved. */
export function asksReason(): boolean {
  return (me.value?.company.resolveReasons.length ?? 0) > 0;
}

/** Resolve for one of the company's reasons, with a note for colleagues. */
export function Resolve({ c, onClose }: { c: Conversation; onClose: () => void }): VNode {
  const [reason, setReason] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const company = me.value?.company;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (await handling.resolve(c.id, reason, note.trim())) onClose();
  };
  return (
    <Dialog title={t().chat.resolve} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <fieldset class="choices">
          <legend>{t().chat.resolveReason}</legend>
          {company?.resolveReasons.map((one) => (
            <label key={one}>
              <input type="radio" name="reason" checked={reason === one} onChange={() => setReason(one)} />
              <span>{one}</span>
            </label>
          ))}
        </fieldset>
        <Field label={t().composer.note} name="note" long value={note} onInput={setNote} hint={t().transfer.noteHint} />
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t().common.cancel}
          </Button>
          <Button type="submit" kind="primary" icon="done" disabled={company?.resolveReasonRequired && reason === null}>
            {t().chat.resolve}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
