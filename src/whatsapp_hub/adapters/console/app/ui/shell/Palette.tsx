import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { Conversation } from "../../core/entities.ts";
import { folded } from "../../core/views.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";
import { phoneOf } from "../../state/names.ts";
import * as painting from "../../state/painting.ts";
import { go } from "../../state/route.ts";
import { signOut } from "../../state/session.ts";
import { attempt } from "../../state/toasts.ts";
import { Icon, type IconName } from "../kit/Icon.tsx";
import { Dialog } from "../kit/overlays.tsx";
import { labelOf, offered } from "./places.ts";

export const paletteShown = signal(false);

/** So many are listed, and so long after the last letter the hub is asked for conversations that are not here. */
const MOST = 9;
const ASK_AFTER_MS = 200;

interface Choice {
  id: string;
  icon: IconName;
  label: string;
  hint: string;
  run: () => void;
}

function placesAndDeeds(): Choice[] {
  const deed = (id: string, icon: IconName, label: string, run: () => void): Choice => ({
    id,
    icon,
    label,
    hint: t().palette.deed,
    run,
  });
  const be = (status: "ONLINE" | "BUSY" | "OFFLINE"): Choice =>
    deed(status, "user", t().presence[status], () => void attempt(() => directory.setStatus(status)));
  return [
    ...offered().map((place) => ({
      id: place.address,
      icon: place.icon,
      label: labelOf(place),
      hint: t().palette.page,
      run: () => go(place.address),
    })),
    be("ONLINE"),
    be("BUSY"),
    be("OFFLINE"),
    deed("signOut", "logout", t().me.signOut, () => void signOut()),
  ];
}

function conversation(c: Conversation): Choice {
  const number = phoneOf(c.customerPhone) ?? "";
  return {
    id: c.id,
    icon: "inbox",
    label: c.customerName ?? number,
    hint: c.customerName ? number : "",
    run: () => go(`/dashboard/c/${c.id}?view=all`),
  };
}

/** What was typed, found among pages, deeds and conversations: those here at once, the hub's a moment later. */
function found(typed: string, more: readonly Conversation[]): Choice[] {
  const words = folded(typed);
  const digits = typed.replace(/\D/g, "");
  const listed = placesAndDeeds().filter((choice) => folded(choice.label).includes(words));
  if (!words) return listed.slice(0, MOST);
  const own = [...painting.conversations()].filter(
    (c) =>
      folded(c.customerName ?? "").includes(words) || (digits.length > 2 && (c.customerPhone ?? "").includes(digits)),
  );
  const here = new Set(own.map((c) => c.id));
  return [...listed, ...own.map(conversation), ...more.filter((c) => !here.has(c.id)).map(conversation)].slice(0, MOST);
}

/** Go, do, find: by a few letters, from everywhere (Ctrl+K). */
export function Palette(): VNode {
  const [typed, setTyped] = useState("");
  const [picked, setPicked] = useState(0);
  const [more, setMore] = useState<readonly Conversation[]>([]);
  const list = useId();
  useEffect(() => {
    setMore((before) => (before.length ? [] : before));
    if (typed.trim().length < 2) return;
    const timer = setTimeout(() => {
      const query = { search: typed.trim(), limit: MOST };
      api.get<Conversation[]>("/api/conversations", query).then(
        (answer) => setMore(answer.data),
        () => {},
      );
    }, ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const close = (): void => {
    paletteShown.value = false;
  };
  const choices = found(typed.trim(), more);
  const take = (choice: Choice | undefined): void => {
    if (!choice) return;
    close();
    choice.run();
  };
  const walk = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && choices.length) setPicked((picked + step + choices.length) % choices.length);
    else if (event.key === "Enter") take(choices[picked]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={t().palette.title} onClose={close}>
      <input
        class="input"
        role="combobox"
        aria-label={t().palette.hint}
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={choices[picked] && `${list}-${picked}`}
        placeholder={t().palette.hint}
        autoFocus
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setPicked(0);
        }}
        onKeyDown={walk}
      />
      <div id={list} class="palette" role="listbox" aria-label={t().palette.title}>
        {choices.map((choice, n) => (
          <div
            key={choice.id}
            id={`${list}-${n}`}
            role="option"
            tabIndex={-1}
            aria-selected={n === picked}
            onClick={() => take(choice)}
            onKeyDown={walk}
          >
            <Icon name={choice.icon} />
            <span>{choice.label}</span>
            <small>{choice.hint}</small>
          </div>
        ))}
      </div>
      {!choices.length && <p class="hint">{t().palette.none}</p>}
    </Dialog>
  );
}
