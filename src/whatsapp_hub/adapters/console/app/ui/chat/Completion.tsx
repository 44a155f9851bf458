import { signal } from "@preact/signals";
import type { VNode } from "preact";
import type { Wanted } from "../../core/completing.ts";
import type { QuickReplyView } from "../../core/entities.ts";
import { folded } from "../../core/views.ts";
import { replies } from "../../state/directory.ts";
import { language, t } from "../../state/i18n.ts";
import { emojis } from "./EmojiPicker.tsx";

const MOST = 8;
const NONE = 9;
const names = signal<{ code: string; all: readonly Emoji[] }>({ code: "", all: [] });

export type Option = { id: string; shown: string; more: string } & ({ reply: QuickReplyView } | { emoji: string });

/** What completes it, the nearest first. Emoji come when their names were read. */
export function optionsOf(wanted: Wanted | null): Option[] {
  if (!wanted) return [];
  return wanted.kind === "reply" ? repliesFor(wanted.words) : emojiFor(wanted.words);
}

/** Quick replies whose shortcut begins with what was typed, then those whose text has it. */
function repliesFor(typed: string): Option[] {
  const words = folded(typed);
  const begins = replies.value.filter((r) => folded(r.shortcut).replace(/^\//, "").startsWith(words));
  const holds = replies.value.filter((r) => !begins.includes(r) && folded(r.content).includes(words));
  return [...begins, ...holds]
    .slice(0, MOST)
    .map((reply) => ({ id: reply.id, shown: `/${reply.shortcut.replace(/^\//, "")}`, more: reply.content, reply }));
}

/** Emoji by what was typed of their name. */
function emojiFor(typed: string): Option[] {
  if (names.value.code !== language.value) {
    void emojis(language.value).then((all) => (names.value = { code: language.value, all }));
    return [];
  }
  const words = folded(typed.replaceAll("_", " "));
  return names.value.all
    .map((one) => ({ one, rank: rankOf(one, words) }))
    .filter(({ rank }) => rank < NONE)
    .sort((a, b) => a.rank - b.rank || a.one.annotation.length - b.one.annotation.length)
    .slice(0, MOST)
    .map(({ one }) => ({ id: one.emoji, shown: one.emoji, more: one.annotation, emoji: one.emoji }));
}

/** How near an emoji's name is to what was typed: a whole word of it, the beginning of one, a word that stands for it. */
function rankOf(one: Emoji, typed: string): number {
  const parts = folded(one.annotation).split(/[\s,:-]+/);
  if (parts.includes(typed)) return 0;
  if (folded(one.annotation).startsWith(typed)) return 1;
  if (parts.some((part) => part.startsWith(typed))) return 2;
  const tags = one.tags?.map(folded) ?? [];
  return tags.includes(typed) ? 3 : tags.some((tag) => tag.startsWith(typed)) ? 4 : NONE;
}

interface PickerProps {
  id: string;
  kind: Wanted["kind"];
  options: readonly Option[];
  picked: number;
  onPick: (option: Option) => void;
}

/** What is offered while one types; the keys stay in the text. */
export function Picker({ id, kind, options, picked, onPick }: PickerProps): VNode {
  return (
    <div
      id={id}
      class={`picker ${kind}`}
      role="listbox"
      aria-label={kind === "reply" ? t().complete.replies : t().complete.emoji}
    >
      {options.map((option, n) => (
        <div
          key={option.id}
          id={`${id}-${n}`}
          role="option"
          tabIndex={-1}
          aria-selected={n === picked}
          onMouseDown={(event) => {
            event.preventDefault();
            onPick(option);
          }}
        >
          <b>{option.shown}</b>
          <span>{option.more}</span>
        </div>
      ))}
    </div>
  );
}
