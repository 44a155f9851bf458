import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Conversation } from "../../core/entities.ts";
import { Problem } from "../../ports/index.ts";
import { api } from "../../state/api.ts";
import * as desk from "../../state/desk.ts";
import { sessions } from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";
import { go } from "../../state/route.ts";
import { attempt, saidOf } from "../../state/toasts.ts";
import { Button, Field, Select } from "../kit/controls.tsx";
import { Dialog } from "../kit/overlays.tsx";
import { addressOf } from "./Inbox.tsx";

/** Write to somebody first: a number, as one has it, and a text. */
export function NewConversation({ onClose }: { onClose: () => void }): VNode {
  const usable = sessions.value.filter((s) => s.isActive);
  const [sessionId, setSession] = useState((usable.find((s) => s.status === "CONNECTED") ?? usable[0])?.id ?? "");
  const [to, setTo] = useState("");
  const [content, setContent] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const { data } = await api.send<Conversation>("POST", "/api/conversations", { sessionId, to, content }, { key });
      desk.took(data);
      onClose();
      go(addressOf(data.id));
    } catch (error) {
      setProblem(error instanceof Problem ? error : null);
      setBusy(false);
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
        <Field
          label={t().start.text}
          name="content"
          long
          required
          value={content}
          onInput={setContent}
          wrong={problem?.fields.content}
        />
        {problem && !Object.keys(problem.fields).length && (
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
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t().common.cancel}
          </Button>
          <Button type="submit" kind="primary" icon="send" disabled={busy || !sessionId}>
            {t().composer.send}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
