import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { api } from "../../state/api.ts";
import { t } from "../../state/i18n.ts";
import { Switch } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Dialog } from "../kit/overlays.tsx";

/** Take a copy of a conversation: a page to print, or a file to keep; with notes if one wants. */
export function Copy({ id, onClose }: { id: string; onClose: () => void }): VNode {
  const [withNotes, setWithNotes] = useState(false);
  const address = (format: string): string =>
    api.address(`/api/conversations/${id}/copy?format=${format}&notes=${withNotes}`);
  return (
    <Dialog title={t().inbox.copy} onClose={onClose}>
      <div class="form">
        <p>{t().inbox.copyMore}</p>
        <Switch label={t().inbox.copyNotes} checked={withNotes} onChange={setWithNotes} />
        <div class="actions">
          <a class="button" href={address("json")} download onClick={() => onClose()}>
            <Icon name="download" />
            JSON
          </a>
          <a class="button primary" href={address("html")} target="_blank" rel="noopener" onClick={() => onClose()}>
            <Icon name="file" />
            {t().inbox.print}
          </a>
        </div>
      </div>
    </Dialog>
  );
}
