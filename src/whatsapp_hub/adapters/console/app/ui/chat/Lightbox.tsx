import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { mediaOf } from "../../core/media.ts";
import { api } from "../../state/api.ts";
import { nameOf } from "../../state/directory.ts";
import { kindOf, momentOf, t } from "../../state/i18n.ts";
import * as painting from "../../state/painting.ts";
import * as pictures from "../../state/pictures.ts";
import { IconButton } from "../kit/controls.tsx";
import { Dialog } from "../kit/overlays.tsx";

/** The picture that was opened, with those before and after it; a click shows it in its own size. */
export function Lightbox(): VNode | null {
  const m = pictures.shown.value;
  const [isLarge, setLarge] = useState(false);
  useEffect(() => setLarge(false), [m?.id]);
  useEffect(() => () => pictures.show(null), []);
  useEffect(() => {
    if (!m) return;
    const keyed = (event: KeyboardEvent): void => {
      const by = { ArrowLeft: -1 as const, ArrowRight: 1 as const }[event.key];
      if (by) void pictures.step(by);
    };
    document.addEventListener("keydown", keyed);
    return () => document.removeEventListener("keydown", keyed);
  }, [m !== null]);
  if (!m) return null;
  painting.chatSignal(m.conversationId).value; // more of its chat may be there
  const media = mediaOf(m);
  const name = media?.fileName ?? kindOf(m.type);
  const url = api.address(media?.url ?? "");
  const { n, all } = pictures.placeOf(m);
  const by = m.direction === "INBOUND" ? m.author?.name : nameOf(m.senderId);
  return (
    <Dialog title={name} onClose={() => pictures.show(null)} wide>
      <div class="pictures">
        <button
          type="button"
          class={`lightbox ${isLarge ? "large" : ""}`}
          aria-label={t().chat.zoom}
          onClick={() => setLarge(!isLarge)}
        >
          <img key={url} src={url} alt={m.content || name} />
        </button>
        <footer>
          <IconButton
            icon="back"
            label={t().inbox.olderPicture}
            disabled={!pictures.mayStep(m, -1)}
            onClick={() => void pictures.step(-1)}
          />
          <p aria-live="polite">
            {[t().inbox.pictureOf(n, all), by, momentOf(m.createdAt)].filter(Boolean).join(" · ")}
          </p>
          <IconButton
            icon="next"
            label={t().inbox.newerPicture}
            disabled={!pictures.mayStep(m, 1)}
            onClick={() => void pictures.step(1)}
          />
          <a class="button" href={url} download={name}>
            {t().chat.download}
          </a>
        </footer>
      </div>
    </Dialog>
  );
}
