import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Conversation, Message } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import { tookMessage } from "../../state/desk.ts";
import { language, t } from "../../state/i18n.ts";
import { attempt } from "../../state/toasts.ts";
import { Button, Field } from "../kit/controls.tsx";

/** What WhatsApp still takes when its 24 hours are over: an approved template, by its name. */
export function Template({ c }: { c: Conversation }): VNode {
  const [name, setName] = useState("");
  const [code, setCode] = useState<string>(language.value.replace("-", "_"));
  const [values, setValues] = useState("");
  const [key, setKey] = useState(() => crypto.randomUUID());
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const parameters = values
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean)
      .map((text) => ({ type: "text", text }));
    const components = parameters.length ? [{ type: "body", parameters }] : [];
    const content = { kind: "template", name: name.trim(), language: code.trim(), components };
    const sent = await attempt(() =>
      api.send<Message>("POST", "/api/messages", { conversationId: c.id, content }, { key }),
    );
    if (!sent) return;
    tookMessage(sent.data);
    setKey(crypto.randomUUID());
    setName("");
  };
  return (
    <details class="template">
      <summary>{t().composer.template}</summary>
      <form class="form" onSubmit={submit}>
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
