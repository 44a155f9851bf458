import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { t } from "../../state/i18n.ts";
import { go } from "../../state/route.ts";
import { settings } from "../../state/settings.ts";
import { Dialog, openMenu } from "../kit/overlays.tsx";
import { paletteShown } from "./Palette.tsx";
import { offered } from "./places.ts";

type Handler = () => void;

/** Keys that mean something else with Shift. */
const EXTENDING = new Set(["j", "k"]);
const handlers = new Map<string, Handler>();
const showing = signal(false);
let wantsPlace = false;

/** Give a shortcut its meaning while a component is there; returns what takes it away. */
export function onKey(key: string, run: Handler): () => void {
  handlers.set(key, run);
  return () => {
    if (handlers.get(key) === run) handlers.delete(key);
  };
}

/** Do what a shortcut does. */
export function press(key: string): void {
  handlers.get(key)?.();
}

/** Single keys count outside text fields only, and can be switched off. */
export function listenForKeys(): void {
  document.addEventListener("keydown", (event) => {
    const typing = (event.target as Element).closest?.("input, textarea, select, [contenteditable]");
    if (document.querySelector("dialog[open], :popover-open")) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      paletteShown.value = true;
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === ".") {
      event.preventDefault();
      openMenu("me");
      return;
    }
    if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp"))
      return run(event.key === "ArrowDown" ? "j" : "k", event);
    if (event.altKey && event.shiftKey && event.code === "KeyN") return run("note", event);
    if (event.altKey && event.shiftKey && event.code === "KeyV") return run("voice", event);
    // a second press is the browser's own search
    if ((event.ctrlKey || event.metaKey) && event.key === "f" && !document.querySelector(".chat-search"))
      return run("find", event);
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !settings.value.shortcuts) return;
    const plain = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const key = event.shiftKey && EXTENDING.has(plain) ? `Shift ${plain}` : plain;
    const place = wantsPlace && offered().find((p) => p.key === key);
    if (place) {
      wantsPlace = false;
      event.preventDefault();
      return go(place.address);
    }
    wantsPlace = key === "g";
    if (key === "?") showing.value = true;
    else run(key, event);
  });
}

function run(key: string, event: KeyboardEvent): void {
  const handler = handlers.get(key);
  if (!handler) return;
  event.preventDefault();
  handler();
}

/** All shortcuts in one table, on `?`. */
export function Shortcuts(): VNode | null {
  if (!showing.value) return null;
  return (
    <Dialog title={t().keys.title} onClose={() => (showing.value = false)} wide>
      <dl class="keys">
        {Object.entries(t().keys.list).map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
