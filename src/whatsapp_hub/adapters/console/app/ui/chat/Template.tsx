import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Conversation, Message } from "../../core/entities.ts";
import type { PlaceView, TemplateView } from "../../core/schema.ts";
import { type Component, componentsOf, isFillable, keyOf, shown, type Values } from "../../core/templates.ts";
import { folded } from "../../core/views.ts";
import { Problem } from "../../ports/index.ts";
import { api } from "../../state/api.ts";
import { tookMessage } from "../../state/chats.ts";
import { whole } from "../../state/directory.ts";
import { language, t } from "../../state/i18n.ts";
import { may } from "../../state/session.ts";
import { attempt, complain, saidOf } from "../../state/toasts.ts";
import { Button, Field, IconButton } from "../kit/controls.tsx";

const MOST = 50;

/** Send a template: its name, its language, what fills it, and the key of this try. */
export type SendTemplate = (name: string, code: string, components: Component[], key: string) => Promise<unknown>;

/** What WhatsApp still takes when its 24 hours are over: an approved template, picked from the number's catalogue. */
export function Template({ c }: { c: Conversation }): VNode | null {
  const send: SendTemplate = async (name, code, components, key) => {
    const content = { kind: "template", name, language: code, components };
    tookMessage((await api.send<Message>("POST", "/api/messages", { conversationId: c.id, content }, { key })).data);
  };
  return <Templates key={c.id} sessionId={c.sessionId} send={send} />;
}

/** Pick one of a number's approved templates, fill it in, send it. `isOpen`: its form by name needs no click. */
export function Templates({
  sessionId,
  send,
  isOpen,
}: {
  sessionId: string;
  send: SendTemplate;
  isOpen?: boolean;
}): VNode | null {
  const all = useSignal<TemplateView[] | null>(null);
  const picked = useSignal<TemplateView | null>(null);
  const load = async (): Promise<void> => {
    all.value = (await attempt(() => whole<TemplateView>("/api/templates", { status: "APPROVED", sessionId }))) ?? [];
  };
  useEffect(() => {
    picked.value = null;
    if (may("read-templates")) void load();
    else all.value = [];
  }, [sessionId]);
  if (!all.value) return null;
  if (picked.value) return <Fill send={send} template={picked.value} onBack={() => (picked.value = null)} />;
  if (all.value.length) return <Catalogue all={all.value} onPick={(one) => (picked.value = one)} />;
  return <ByName sessionId={sessionId} send={send} onFetched={load} isOpen={isOpen} />;
}

/** The number's approved templates, those with the typed words first seen. */
function Catalogue({ all, onPick }: { all: readonly TemplateView[]; onPick: (one: TemplateView) => void }): VNode {
  const [typed, setTyped] = useState("");
  const words = folded(typed);
  const found = all.filter((one) => folded(`${one.name.replaceAll("_", " ")} ${one.text}`).includes(words));
  return (
    <div class="template">
      <input
        class="input"
        type="search"
        aria-label={t().composer.templateSearch}
        placeholder={t().composer.templateSearch}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <ul class="template-list" aria-label={t().composer.template}>
        {found.slice(0, MOST).map((one) => (
          <li key={one.id}>
            <button type="button" disabled={!isFillable(one.places)} onClick={() => onPick(one)}>
              <b>{one.name}</b> <small>{one.language}</small>
              <span dir="auto">{one.text}</span>
            </button>
          </li>
        ))}
      </ul>
      {!found.length && <p class="hint">{t().composer.templateNone}</p>}
    </div>
  );
}

/** Fill in what differs from customer to customer, see the message as it will be, and send it. */
function Fill({ send, template, onBack }: { send: SendTemplate; template: TemplateView; onBack: () => void }): VNode {
  const [values, setValues] = useState<Values>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await send(template.name, template.language, componentsOf(template.places, values), key);
      onBack();
    } catch (error) {
      if (error instanceof Problem && error.kind !== "held_elsewhere") setProblem(error);
      else complain(error);
      setKey(crypto.randomUUID());
    }
    setBusy(false);
  };
  return (
    <form class="template form" onSubmit={submit}>
      <div class="template-head">
        <IconButton icon="back" label={t().common.cancel} onClick={onBack} />
        <b>{template.name}</b> <small>{template.language}</small>
      </div>
      {template.places.map((place) => (
        <Field
          key={keyOf(place)}
          label={labelOf(place)}
          name={keyOf(place)}
          required
          type={place.kind === "text" || place.kind === "coupon_code" ? "text" : "url"}
          value={values[keyOf(place)] ?? ""}
          placeholder={place.example ?? ""}
          onInput={(value) => setValues({ ...values, [keyOf(place)]: value })}
        />
      ))}
      <p class="template-shown" dir="auto" aria-live="polite">
        {shown(template.text, template.places, values)}
      </p>
      {problem && (
        <p class="form-wrong" role="alert">
          {saidOf(problem)}
        </p>
      )}
      <Button type="submit" kind="primary" icon="send" disabled={busy}>
        {t().composer.send}
      </Button>
    </form>
  );
}

/** A number whose catalogue is not known: fetch it, or name the template. */
function ByName({
  sessionId,
  send,
  onFetched,
  isOpen = false,
}: {
  sessionId: string;
  send: SendTemplate;
  onFetched: () => Promise<void>;
  isOpen?: boolean | undefined;
}): VNode {
  const [name, setName] = useState("");
  const [code, setCode] = useState<string>(language.value.replace("-", "_"));
  const [values, setValues] = useState("");
  const [key, setKey] = useState(() => crypto.randomUUID());
  const fetchAll = async (): Promise<void> => {
    const done = await attempt(() => api.send("POST", "/api/templates/sync", { sessionId }));
    if (done) await onFetched();
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const lines = values.split("\n").map((line) => line.trim());
    const parameters = lines.filter(Boolean).map((text) => ({ type: "text", text }));
    const components = parameters.length ? [{ type: "body", parameters }] : [];
    const sent = await attempt(async () => {
      await send(name.trim(), code.trim(), components, key);
      return true;
    });
    if (!sent) return;
    setKey(crypto.randomUUID());
    setName("");
  };
  return (
    <details class="template" open={isOpen}>
      <summary>{t().composer.template}</summary>
      <form class="form" onSubmit={submit}>
        {may("manage-templates") && (
          <Button small icon="refresh" onClick={() => void fetchAll()}>
            {t().composer.templateFetch}
          </Button>
        )}
        <Field label={t().composer.templateName} name="template" required value={name} onInput={setName} />
        <Field label={t().settings.language} name="language" required value={code} onInput={setCode} />
        <Field
          label={t().composer.templateValues}
          name="values"
          long
          value={values}
          onInput={setValues}
          hint={t().composer.templateHint}
        />
        <Button type="submit" kind="primary" icon="send">
          {t().composer.send}
        </Button>
      </form>
    </details>
  );
}

function labelOf(place: PlaceView): string {
  const names: Record<string, string> = t().composer.templateParts;
  const part = names[place.kind === "text" ? place.part : place.kind] ?? place.part;
  const card = place.card === null ? "" : ` · ${place.card + 1}`;
  return place.part === "body" || place.part === "header" ? `${part} ${place.name}${card}` : `${part}${card}`;
}
