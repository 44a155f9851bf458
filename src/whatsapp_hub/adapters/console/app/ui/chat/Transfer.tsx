import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Conversation } from "../../core/entities.ts";
import { queryOf } from "../../core/views.ts";
import { departments, users } from "../../state/directory.ts";
import * as handling from "../../state/handling.ts";
import { t } from "../../state/i18n.ts";
import { choice } from "../../state/inbox.ts";
import * as painting from "../../state/painting.ts";
import { go } from "../../state/route.ts";
import { me } from "../../state/session.ts";
import { say } from "../../state/toasts.ts";
import { PresenceDot } from "../kit/bits.tsx";
import { Button, Field } from "../kit/controls.tsx";
import { Dialog } from "../kit/overlays.tsx";

/** Give a conversation to a department, or to a person there, with a note for them. */
export function Transfer({ c, onClose }: { c: Conversation; onClose: () => void }): VNode {
  const [departmentId, setDepartment] = useState<string | null>(
    departments.value.length === 1 ? departments.value[0]!.id : null,
  );
  const [userId, setUser] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const people = users.value.filter((u) => u.isActive && u.departmentId === departmentId && u.id !== me.value?.id);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!departmentId) return;
    setBusy(true);
    const done = await handling.transfer(c.id, departmentId, userId, note);
    setBusy(false);
    if (!done) return;
    say(t().transfer.done(departments.value.find((d) => d.id === departmentId)?.name ?? ""), "ok");
    onClose();
    if (!painting.rowOf(c.id).value) go(`/dashboard${queryOf(choice.value)}`);
  };
  return (
    <Dialog title={t().chat.transfer} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <fieldset class="choices">
          <legend>{t().panel.department}</legend>
          {departments.value.map((d) => (
            <label key={d.id}>
              <input
                type="radio"
                name="department"
                checked={d.id === departmentId}
                onChange={() => {
                  setDepartment(d.id);
                  setUser(null);
                }}
              />
              <span>{d.name}</span>
              <small>
                {t().transfer.online(
                  users.value.filter((u) => u.departmentId === d.id && u.onlineStatus === "ONLINE").length,
                )}
              </small>
            </label>
          ))}
        </fieldset>
        {people.length > 0 && (
          <fieldset class="choices">
            <legend>{t().transfer.person}</legend>
            <label>
              <input type="radio" name="person" checked={userId === null} onChange={() => setUser(null)} />
              <span>{t().transfer.anybody}</span>
            </label>
            {people.map((u) => (
              <label key={u.id}>
                <input type="radio" name="person" checked={u.id === userId} onChange={() => setUser(u.id)} />
                <span>{u.name}</span>
                <PresenceDot status={u.onlineStatus} />
              </label>
            ))}
          </fieldset>
        )}
        <Field label={t().transfer.note} name="note" long value={note} onInput={setNote} hint={t().transfer.noteHint} />
        <p class="hint">{t().transfer.told}</p>
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t().common.cancel}
          </Button>
          <Button type="submit" kind="primary" icon="transfer" disabled={!departmentId || busy}>
            {t().chat.transfer}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
