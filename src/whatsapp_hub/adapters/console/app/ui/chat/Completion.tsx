import { signal } from "@preact/signals";
import type { VNode } from "preact";
import type { Wanted } from "../../core/completing.ts";
import type { QuickReplyView, UserView } from "../../core/entities.ts";
import { folded } from "../../core/views.ts";
import { departmentById, replies } from "../../state/directory.ts";
import { language, t } from "../../state/i18n.ts";
import { emojis } from "./EmojiPicker.tsx";

const MOST = 8;
const NONE = 9;
const names = signal<{ code: string; all: readonly Emoji[] }>({ code: "", all: [] });

export type Option = { id: string; shown: string; more: string } & (
  | { reply: QuickReplyView }
  | { emoji: string }
  | { person: UserView }
);

/** What completes it, the nearest first; `people`: who can be mentioned. Emoji come when their names were read. */
export function optionsOf(wanted: Wanted | null, people: () => readonly UserView[]): Option[] {
  switch (wanted?.kind) {
    case "reply":
      return repliesFor(wanted.words);
    case "emoji":
      return emojiFor(wanted.words);
    case "person":
      return peopleFor(wanted.words, people());
    default:
      return [];
  }
}

/** Colleagues one of whose names begins with what was typed, those first whose whole name does. */
function peopleFor(typed: string, people: readonly UserView[]): Option[] {
  // a name with a space after it is written out
  const words = folded(typed) + (/\s$/.test(typed) ? " " : "");
  const begins = people.filter((one) => folded(one.name).startsWith(words));
  const holds = people.filter((one) => !begins.includes(one) && folded(one.name).includes(` ${words}`));
  return [...begins, ...holds].slice(0, MOST).map((person) => ({
    id: person.id,
    shown: person.name,
    more: [departmentById.value.get(person.departmentId ?? "")?.name, t().presence[person.onlineStatus]]
      .filter(Boolean)
      .join(" · "),
    person,
  }));
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
    <div id={id} class={`picker of-${kind}`} role="listbox" aria-label={t().complete[kind]}>
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
