import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { SessionDetail } from "../../core/entities.ts";
import type { BotBody } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";
import { attempt } from "../../state/toasts.ts";
import { Button, Field, Select } from "../kit/controls.tsx";
import { FormDialog, SecretDialog } from "./parts.tsx";

/** The bot of a number: where it is, to whom it hands conversations. Its secret is shown once, when it is new. */
export function Bot({ s, onClose }: { s: SessionDetail; onClose: () => void }): VNode {
  const [url, setUrl] = useState(s.bot?.url ?? "https://");
  const [departmentId, setDepartment] = useState(s.bot?.departmentId ?? "");
  const [within, setWithin] = useState(s.bot?.answerWithinMinutes.toString() ?? "");
  const [secret, setSecret] = useState<string | null>(null);
  const submit = async (): Promise<void> => {
    const body: BotBody = {
      url,
      departmentId: departmentId || null,
      ...(within ? { answerWithinMinutes: Number(within) } : {}),
    };
    const { data } = await api.send<SessionDetail>("PUT", `/api/sessions/${s.id}/bot`, body);
    await directory.loadSessions();
    if (data.bot?.secret) setSecret(data.bot.secret);
    else onClose();
  };
  const remove = async (): Promise<void> => {
    await attempt(() => api.send("DELETE", `/api/sessions/${s.id}/bot`));
    await directory.loadSessions();
    onClose();
  };
  if (secret) return <SecretDialog title={t().webhooks.secret} secret={secret} onClose={onClose} />;
  const departments = directory.departments.value.map((d) => ({ value: d.id, label: d.name }));
  return (
    <FormDialog title={t().bots.title(s.name)} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          <p class="hint">{t().bots.more}</p>
          <Field
            label={t().bots.url}
            name="url"
            type="url"
            required
            autoFocus
            value={url}
            onInput={setUrl}
            wrong={wrong("url")}
          />
          <Select
            label={t().bots.department}
            value={departmentId}
            options={[{ value: "", label: t().bots.root }, ...departments]}
            onChange={setDepartment}
            wrong={wrong("departmentId")}
          />
          <Field
            label={t().bots.within}
            name="within"
            type="number"
            value={within}
            onInput={setWithin}
            wrong={wrong("answerWithinMinutes")}
          />
          {s.bot && (
            <Button kind="danger" small icon="trash" onClick={() => void remove()}>
              {t().bots.remove}
            </Button>
          )}
        </>
      )}
    </FormDialog>
  );
}
