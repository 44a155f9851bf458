import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { laterTimes, localInput } from "../../core/clock.ts";
import type { Message } from "../../core/entities.ts";
import { nameOf } from "../../state/directory.ts";
import { kindOf, t, whenOf } from "../../state/i18n.ts";
import * as scheduled from "../../state/scheduled.ts";
import { may, me } from "../../state/session.ts";
import { say } from "../../state/toasts.ts";
import { Button, Field } from "../kit/controls.tsx";
import { Formatted } from "../kit/Formatted.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Dialog, Menu, type MenuItem } from "../kit/overlays.tsx";

const LONGEST_AHEAD_MS = 365 * 86_400_000;

/** When what is written is sent: at one of a few usual times, or at one's own. */
export function Later({ onPick }: { onPick: (at: string) => void }): VNode {
  const [isChoosing, setChoosing] = useState(false);
  const items: (MenuItem | "line")[] = [
    ...laterTimes(new Date()).map(({ kind, at }) => ({
      label: t().chat.snoozeFor[kind],
      hint: whenOf(at.toISOString()),
      run: () => onPick(at.toISOString()),
    })),
    "line",
    { label: t().later.own, run: () => setChoosing(true) },
  ];
  return (
    <>
      <Menu icon="clock" label={t().later.button} items={items} />
      {isChoosing && (
        <Choose
          onClose={() => setChoosing(false)}
          onPick={(at) => {
            setChoosing(false);
            onPick(at);
          }}
        />
      )}
    </>
  );
}

function Choose({ onClose, onPick }: { onClose: () => void; onPick: (at: string) => void }): VNode {
  const [at, setAt] = useState(() => localInput(laterTimes(new Date())[0]!.at));
  const [isWrong, setWrong] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    const chosen = new Date(at);
    const ahead = chosen.getTime() - Date.now();
    if (ahead > 0 && ahead < LONGEST_AHEAD_MS) onPick(chosen.toISOString());
    else setWrong(true);
  };
  return (
    <Dialog title={t().later.button} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <Field
          label={t().later.when}
          name="at"
          type="datetime-local"
          required
          autoFocus
          value={at}
          onInput={setAt}
          wrong={isWrong ? t().later.wrong : undefined}
        />
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t().common.cancel}
          </Button>
          <Button type="submit" kind="primary" icon="clock">
            {t().later.button}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What is planned in a conversation, below what was said: it can be changed or cancelled until it goes out. */
export function Planned({ id, onChange }: { id: string; onChange: (text: string) => void }): VNode | null {
  const planned = scheduled.waitingIn(id);
  if (!planned.length) return null;
  return (
    <section class="planned" aria-label={t().later.title(planned.length)}>
      {planned.map((m) => (
        <One key={m.id} m={m} onChange={onChange} />
      ))}
    </section>
  );
}

function One({ m, onChange }: { m: Message; onChange: (text: string) => void }): VNode {
  const when = m.sendAt ? whenOf(m.sendAt) : "";
  const isOwn = m.senderId === me.value?.id;
  const cancel = async (): Promise<void> => {
    if (await scheduled.cancel(m)) say(t().later.cancelled, "ok");
  };
  const change = async (): Promise<void> => {
    if (m.content && (await scheduled.cancel(m))) onChange(m.content);
  };
  return (
    <article class="bubble out first later">
      <p class="text" dir="auto">
        {m.type !== "TEXT" && <b>{m.media?.fileName ?? kindOf(m.type)} </b>}
        <Formatted text={m.content ?? ""} />
      </p>
      <footer>
        <Icon name="clock" size="tiny" />
        <span>{isOwn ? t().later.goes(when) : t().later.by(nameOf(m.senderId) || t().chat.program, when)}</span>
      </footer>
      {may("work-conversations") && (
        <p class="later-do">
          {m.type === "TEXT" && (
            <button type="button" onClick={() => void change()}>
              {t().later.change}
            </button>
          )}
          <button type="button" onClick={() => void cancel()}>
            {t().later.cancel}
          </button>
        </p>
      )}
    </article>
  );
}
