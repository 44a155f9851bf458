import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { choiceOf, queryOf } from "../../core/views.ts";
import { t } from "../../state/i18n.ts";
import { choice } from "../../state/inbox.ts";
import * as preferences from "../../state/preferences.ts";
import { go, path } from "../../state/route.ts";
import { attempt } from "../../state/toasts.ts";
import { Field, IconButton } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Dialog, type MenuItem } from "../kit/overlays.tsx";
import { FormDialog } from "../pages/parts.tsx";

const shown = signal<"save" | "forget" | null>(null);

/** One's own views, to choose from, to add to, to take from. */
export function savedViewItems(): (MenuItem | "line")[] {
  const saved = preferences.savedViews.value;
  return [
    "line",
    ...saved.map(({ name, query }) => ({
      label: name,
      icon: <Icon name="star" size="tiny" />,
      checked: queryOf(choiceOf(new URLSearchParams(query), choice.value.view)) === queryOf(choice.value),
      run: () => go(`${path.value.startsWith("/dashboard") ? path.value : "/dashboard"}?${query}`),
    })),
    { label: t().saved.save, icon: <Icon name="plus" size="tiny" />, run: () => (shown.value = "save") },
    ...(saved.length
      ? [{ label: t().saved.forget, icon: <Icon name="trash" size="tiny" />, run: () => (shown.value = "forget") }]
      : []),
  ];
}

/** What is asked when a view is saved or deleted. */
export function SavedViewDialogs(): VNode | null {
  if (shown.value === "save") return <Save />;
  return shown.value === "forget" ? <Forget /> : null;
}

function close(): void {
  shown.value = null;
}

function Save(): VNode {
  const [name, setName] = useState("");
  const isTaken = preferences.savedViews.value.some((one) => one.name === name.trim());
  const submit = async (): Promise<void> => {
    if (isTaken) return;
    await preferences.saveView(name.trim(), queryOf({ ...choice.value, find: "" }).slice(1));
    close();
  };
  return (
    <FormDialog title={t().saved.save} onClose={close} onSubmit={submit}>
      {() => (
        <Field
          label={t().saved.name}
          name="name"
          required
          autoFocus
          maxLength={60}
          value={name}
          onInput={setName}
          hint={t().saved.nameHint}
          wrong={isTaken ? t().saved.taken : undefined}
        />
      )}
    </FormDialog>
  );
}

function Forget(): VNode {
  const remove = async (name: string): Promise<void> => {
    await attempt(() => preferences.removeView(name));
    if (!preferences.savedViews.value.length) close();
  };
  return (
    <Dialog title={t().saved.title} onClose={close}>
      <ul class="saved-views">
        {preferences.savedViews.value.map(({ name }) => (
          <li key={name}>
            <span>{name}</span>
            <IconButton icon="trash" label={t().saved.remove(name)} onClick={() => void remove(name)} />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
