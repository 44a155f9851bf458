import { signal, useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { PhoneMessage } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import { sessions } from "../../state/directory.ts";
import { t, timeOf } from "../../state/i18n.ts";
import { openId, phoneShown } from "../../state/inbox.ts";
import * as painting from "../../state/painting.ts";
import { attempt } from "../../state/toasts.ts";
import { IconButton, Select } from "../kit/controls.tsx";
import { Formatted } from "../kit/Formatted.tsx";
import { Icon } from "../kit/Icon.tsx";

const LOOK_EVERY_MS = 1_500;

/** Customers to play, and the phones that fail in a way of their own. */
const PEOPLE = [
  { phone: "5511988884821", name: "Carla Souza" },
  { phone: "5521977770072", name: "João Lima" },
  { phone: "34611223344", name: "Lucía Pérez" },
  { phone: "99900000001", name: "" },
  { phone: "99900000002", name: "" },
  { phone: "99900000003", name: "" },
  { phone: "99900000004", name: "" },
] as const;

/** What was written here: the hub lists only what a phone received. */
const written = signal<Readonly<Record<string, readonly PhoneMessage[]>>>({});

const person = { phone: PEOPLE[0].phone as string };

/** A customer's phone on a sandbox number: what one writes here arrives as from WhatsApp, and the answers are shown. */
export function Phone(): VNode {
  const open = openId.value ? painting.rowOf(openId.value).value : null;
  const sandboxes = sessions.value.filter((s) => s.provider === "SANDBOX" && s.isActive);
  const sessionId = useSignal(open?.sessionId ?? sandboxes[0]?.id ?? "");
  const phone = useSignal(person.phone);
  const shown = useSignal<PhoneMessage[]>([]);
  const text = useSignal("");
  const screen = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!open || !sandboxes.some((s) => s.id === open.sessionId)) return;
    sessionId.value = open.sessionId;
    if (open.customerPhone) phone.value = open.customerPhone;
  }, [open?.id]);
  useEffect(() => {
    if (!sessionId.value && sandboxes[0]) sessionId.value = sandboxes[0].id;
  }, [sandboxes.length]);
  const look = async (): Promise<void> => {
    if (!sessionId.value || document.hidden) return;
    const answer = await api
      .get<PhoneMessage[]>(`/sandbox/${sessionId.value}/phones/${phone.value}/messages`)
      .catch(() => null);
    if (answer && JSON.stringify(answer.data) !== JSON.stringify(shown.value)) shown.value = answer.data;
  };
  useEffect(() => {
    person.phone = phone.value;
    shown.value = [];
    void look();
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [sessionId.value, phone.value]);
  useEffect(() => {
    screen.current!.scrollTop = screen.current!.scrollHeight;
  }, [shown.value.length, written.value]);

  const place = `${sessionId.value} ${phone.value}`;
  const own = written.value[place] ?? [];
  const screenful = [...shown.value, ...own].sort((a, b) => (a.at < b.at ? -1 : 1));
  const known = PEOPLE.find((p) => p.phone === phone.value);
  const write = async (event?: Event): Promise<void> => {
    event?.preventDefault();
    const said = text.value.trim();
    if (!said || !sessionId.value) return;
    text.value = "";
    const body = { from: phone.value, text: said, ...(known?.name ? { name: known.name } : {}) };
    const sent = await attempt(() => api.send<PhoneMessage>("POST", `/sandbox/${sessionId.value}/messages`, body));
    if (sent) written.value = { ...written.value, [place]: [...(written.value[place] ?? []), sent.data] };
    else text.value = said;
    void look();
  };
  const people = [...PEOPLE.map((p, n) => ({ value: p.phone as string, label: p.name || t().phone.failing[n - 3]! }))];
  if (!known) people.unshift({ value: phone.value, label: open?.customerName ?? phone.value });
  return (
    <aside class="phone" aria-label={t().phone.title}>
      <header>
        <Icon name="number" />
        <h2>{t().phone.title}</h2>
        <IconButton icon="close" label={t().common.close} onClick={() => (phoneShown.value = false)} />
      </header>
      <div class="phone-who">
        <Select
          label={t().phone.who}
          value={phone.value}
          options={people}
          onChange={(value) => (phone.value = value)}
        />
        {sandboxes.length > 1 && (
          <Select
            label={t().phone.number}
            value={sessionId.value}
            options={sandboxes.map((s) => ({ value: s.id, label: s.name }))}
            onChange={(value) => (sessionId.value = value)}
          />
        )}
      </div>
      <div class="phone-body">
        <div class="phone-screen" ref={screen} role="log" aria-label={t().phone.shows} tabIndex={0}>
          {screenful.length === 0 && <p class="phone-empty">{sandboxes.length ? t().phone.empty : t().phone.none}</p>}
          {screenful.map((m) => (
            <article key={m.id} class={m.direction === "OUTBOUND" ? "theirs" : "own"}>
              <p dir="auto">
                <Formatted text={m.text} />
              </p>
              <time>{timeOf(m.at)}</time>
            </article>
          ))}
        </div>
        {screenful.length === 0 && sandboxes.length > 0 && (
          <div class="phone-first">
            {t().phone.first.map((line) => (
              <button
                key={line}
                type="button"
                class="chip info"
                onClick={() => {
                  text.value = line;
                  void write();
                }}
              >
                {line}
              </button>
            ))}
          </div>
        )}
        <form onSubmit={write}>
          <input
            class="input"
            aria-label={t().phone.write}
            placeholder={t().phone.write}
            value={text.value}
            onInput={(e) => (text.value = e.currentTarget.value)}
          />
          <button type="submit" aria-label={t().composer.send} disabled={!sessionId.value}>
            <Icon name="send" />
          </button>
        </form>
      </div>
    </aside>
  );
}
