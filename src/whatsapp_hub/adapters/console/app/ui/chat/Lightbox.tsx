import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../state/i18n.ts";
import { Dialog } from "../kit/overlays.tsx";

/** A picture by itself; a click shows it in its own size. */
export function Lightbox({ url, name, onClose }: { url: string; name: string; onClose: () => void }): VNode {
  const [isLarge, setLarge] = useState(false);
  return (
    <Dialog title={name} onClose={onClose} wide>
      <button
        type="button"
        class={`lightbox ${isLarge ? "large" : ""}`}
        aria-label={t().chat.zoom}
        onClick={() => setLarge(!isLarge)}
      >
        <img src={url} alt={name} />
      </button>
      <a class="button" href={url} download={name}>
        {t().chat.download}
      </a>
    </Dialog>
  );
}
