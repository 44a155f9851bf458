import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { NoteView } from "../../core/entities.ts";
import { userById } from "../../state/directory.ts";
import * as handling from "../../state/handling.ts";
import { t } from "../../state/i18n.ts";
import { may, me } from "../../state/session.ts";
import { Button, Field } from "../kit/controls.tsx";
import { Formatted } from "../kit/Formatted.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Dialog, Menu } from "../kit/overlays.tsx";

/** What a note says, with those whom it mentions. */
export function NoteText({ note }: { note: NoteView }): VNode {
  const names = note.mentions.flatMap((id) => userById.value.get(id)?.name ?? []);
  return (
    <p dir="auto">
      <Formatted text={note.content} names={names} />
    </p>
  );
}

/** What its author can do with a note. */
export function NoteTools({ note }: { note: NoteView }): VNode | null {
  const [changing, setChanging] = useState<"edit" | "delete" | null>(null);
  if (note.userId === null || note.userId !== me.value?.id || !may("work-conversations")) return null;
  return (
    <span class="note-tools">
      <Menu
        label={t().chat.more}
        items={[
          { label: t().inbox.editNote, icon: <Icon name="pencil" />, run: () => setChanging("edit") },
          { label: t().inbox.deleteNote, icon: <Icon name="trash" />, danger: true, run: () => setChanging("delete") },
        ]}
      >
        <Icon name="more" size="tiny" />
      </Menu>
      {changing && <ChangeNote note={note} how={changing} onClose={() => setChanging(null)} />}
    </span>
  );
}

function ChangeNote({ note, how, onClose }: { note: NoteView; how: "edit" | "delete"; onClose: () => void }): VNode {
  const [text, setText] = useState(note.content);
  const [busy, setBusy] = useState(false);
  const isEdit = how === "edit";
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    if (await (isEdit ? handling.changeNote(note, text.trim()) : handling.deleteNote(note))) onClose();
    else setBusy(false);
  };
  const title = isEdit ? t().inbox.editNote : t().inbox.deleteNote;
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {isEdit ? (
          <Field label={t().composer.note} name="text" long required autoFocus value={text} onInput={setText} />
        ) : (
          <p>{t().inbox.deleteNoteMore}</p>
        )}
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t().common.cancel}
          </Button>
          <Button
            type="submit"
            kind={isEdit ? "primary" : "danger"}
            disabled={busy || (isEdit && (!text.trim() || text.trim() === note.content))}
          >
            {isEdit ? t().common.save : title}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
