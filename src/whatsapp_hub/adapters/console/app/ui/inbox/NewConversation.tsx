import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Conversation } from "../../core/entities.ts";
import type { StartBody } from "../../core/schema.ts";
import { Problem } from "../../ports/index.ts";
import { api } from "../../state/api.ts";
import { can } from "../../state/capabilities.ts";
import { sessions } from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";
import { addressOf, startWith } from "../../state/inbox.ts";
import * as painting from "../../state/painting.ts";
import { go } from "../../state/route.ts";
import { attempt, saidOf } from "../../state/toasts.ts";
import { type SendTemplate, Templates } from "../chat/Template.tsx";
import { Button, Field, Segments, Select } from "../kit/controls.tsx";
import { Dialog } from "../kit/overlays.tsx";

type What = Pick<StartBody, "content" | "template">;

/** Write to somebody first: a number, as one has it, and a text; or a template, where WhatsApp takes nothing else from
 * somebody to whom the customer has not written. */
export function NewConversation({ onClose }: { onClose: () => void }): VNode {
  const usable = sessions.value.filter((s) => s.isActive);
  const [sessionId, setSession] = useState((usable.find((s) => s.status === "CONNECTED") ?? usable[0])?.id ?? "");
  const [to, setTo] = useState(startWith.value);
  const [content, setContent] = useState("");
  const [chosen, setChosen] = useState<"text" | "template" | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const hasTemplates = can(sessionId, "templates");
  const what = hasTemplates ? (chosen ?? "template") : "text";
  const start = async (body: What, once: string): Promise<void> => {
    setProblem(null);
    const { data } = await api.send<Conversation>(
      "POST",
      "/api/conversations",
      { sessionId, to, ...body },
      { key: once },
    );
    painting.took(data);
    onClose();
    go(addressOf(data.id));
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (what !== "text") return;
    setBusy(true);
    try {
      await start({ content }, key);
    } catch (error) {
      setProblem(error instanceof Problem ? error : null);
      setBusy(false);
    }
  };
  const send: SendTemplate = async (name, language, components, once) => {
    try {
      await start({ template: { name, language, components: components.map((one) => ({ ...one })) } }, once);
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
      throw error;
    }
  };
  const ask = async (): Promise<void> => {
    const done = await attempt(
      () => api.send("POST", "/api/conversations/ask-for", { sessionId, to }),
      t().inbox.asked,
    );
    if (done) onClose();
  };
  return (
    <Dialog title={t().start.title} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        <Select
          label={t().start.number}
          value={sessionId}
          onChange={setSession}
          options={usable.map((s) => ({ value: s.id, label: s.name }))}
        />
        <Field
          label={t().start.to}
          name="to"
          type="tel"
          inputMode="tel"
          required
          autoFocus
          hint={t().start.toHint}
          value={to}
          onInput={setTo}
          wrong={problem?.fields.to}
        />
        {hasTemplates && (
          <Segments
            label={t().template.what}
            value={what}
            onChange={setChosen}
            options={(["template", "text"] as const).map((value) => ({ value, label: t().template[value] }))}
          />
        )}
        {what === "text" && (
          <Field
            label={t().start.text}
            name="content"
            long
            required
            value={content}
            onInput={setContent}
            wrong={problem?.fields.content}
          />
        )}
        {problem && (what === "text" || problem.kind === "held_elsewhere") && !Object.keys(problem.fields).length && (
          <p class="form-wrong" role="alert">
            {problem.kind === "held_elsewhere"
              ? t().inbox.held(problem.holder.department, problem.holder.user)
              : saidOf(problem)}
          </p>
        )}
        {problem?.kind === "held_elsewhere" && (
          <Button icon="hand" onClick={() => void ask()}>
            {t().inbox.ask}
          </Button>
        )}
        {what === "text" && (
          <div class="actions">
            <Button kind="quiet" onClick={onClose}>
              {t().common.cancel}
            </Button>
            <Button type="submit" kind="primary" icon="send" disabled={busy || !sessionId}>
              {t().composer.send}
            </Button>
          </div>
        )}
      </form>
      {what === "template" && <Templates sessionId={sessionId} send={send} isOpen />}
    </Dialog>
  );
}
