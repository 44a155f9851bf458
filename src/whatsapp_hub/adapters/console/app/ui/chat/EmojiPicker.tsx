import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { texts } from "../../adapters/storage.ts";
import { folded } from "../../core/views.ts";
import { language, t } from "../../state/i18n.ts";
import { IconButton } from "../kit/controls.tsx";

const NEWEST_VERSION = 15;
const MOST_FOUND = 96;
const RECENT = 24;
const GROUPS = [0, 1, 3, 4, 5, 6, 7, 8, 9] as const;
const SIGNS = ["😀", "👋", "🐻", "🍎", "✈️", "⚽", "💡", "🔣", "🏁"] as const;
const loaded = new Map<string, readonly Emoji[]>();

/** All emoji with their names in a language; read once. */
export async function emojis(code: string): Promise<readonly Emoji[]> {
  const known = loaded.get(code);
  if (known) return known;
  const module =
    code === "en"
      ? await import("emoji-picker-element-data/en/cldr-native/data.json")
      : code === "es"
        ? await import("emoji-picker-element-data/es/cldr-native/data.json")
        : await import("emoji-picker-element-data/pt/cldr-native/data.json");
  const found = module.default.filter((one) => one.version <= NEWEST_VERSION);
  loaded.set(code, found);
  return found;
}

function recents(): string[] {
  try {
    return JSON.parse(texts.read("emoji") ?? "[]");
  } catch {
    return [];
  }
}

/** Emoji by group and by name, in the reader's language. */
export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }): VNode {
  const panel = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLSpanElement>(null);
  const all = useSignal<readonly Emoji[]>([]);
  const words = useSignal("");
  const group = useSignal<number>(0);
  const open = (): void => {
    const popover = panel.current!;
    popover.togglePopover();
    if (!popover.matches(":popover-open")) return;
    const anchor = button.current!.getBoundingClientRect();
    popover.style.left = `${Math.max(8, Math.min(anchor.left, window.innerWidth - popover.offsetWidth - 8))}px`;
    popover.style.top = `${Math.max(8, anchor.top - popover.offsetHeight - 6)}px`;
    popover.querySelector("input")?.focus();
    void emojis(language.value).then((found) => (all.value = found));
  };
  useEffect(() => {
    words.value = "";
  }, [language.value]);
  const pick = (emoji: string): void => {
    texts.write("emoji", JSON.stringify([emoji, ...recents().filter((one) => one !== emoji)].slice(0, RECENT)));
    panel.current!.hidePopover();
    onPick(emoji);
  };
  const wanted = folded(words.value);
  const shown = wanted
    ? all.value
        .filter((one) => folded(`${one.annotation} ${one.tags?.join(" ") ?? ""}`).includes(wanted))
        .slice(0, MOST_FOUND)
    : all.value.filter((one) => one.group === group.value);
  const names = new Map(all.value.map((one) => [one.emoji, one.annotation]));
  const cell = (emoji: string): VNode => (
    <button
      key={emoji}
      type="button"
      aria-label={names.get(emoji) ?? emoji}
      title={names.get(emoji)}
      onClick={() => pick(emoji)}
    >
      {emoji}
    </button>
  );
  return (
    <span ref={button}>
      <IconButton icon="smile" label={t().inbox.emoji} onClick={open} />
      <div ref={panel} class="emoji-picker" popover="auto" role="dialog" aria-label={t().inbox.emoji}>
        <input
          type="search"
          aria-label={t().inbox.findEmoji}
          placeholder={t().inbox.findEmoji}
          value={words.value}
          onInput={(event) => (words.value = event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && shown[0] && pick(shown[0].emoji)}
        />
        {!wanted && recents().length > 0 && <div class="emoji-grid">{recents().slice(0, 8).map(cell)}</div>}
        <div class="emoji-groups" role="group">
          {GROUPS.map((one, n) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === group.value && !wanted}
              aria-label={t().inbox.emojiGroups[n]}
              onClick={() => (group.value = one)}
            >
              {SIGNS[n]}
            </button>
          ))}
        </div>
        <div class="emoji-grid all">{shown.map((one) => cell(one.emoji))}</div>
      </div>
    </span>
  );
}
