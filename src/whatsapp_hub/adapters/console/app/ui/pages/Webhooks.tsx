import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type {
  AttemptView,
  WebhookBody,
  WebhookFormat,
  WebhookWithHealth,
  WebhookWithSecret,
} from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { numberOf, t } from "../../state/i18n.ts";
import { attempt, complain, say } from "../../state/toasts.ts";
import { Empty } from "../kit/bits.tsx";
import { Button, Field, Select, Switch } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu, type MenuItem } from "../kit/overlays.tsx";
import { Deliveries } from "./Deliveries.tsx";
import { ConfirmDialog, FormDialog, listed, PageHead, SecretDialog } from "./parts.tsx";

const FORMATS: readonly WebhookFormat[] = ["standard", "flat", "instance", "waha"];

/** Where events are posted, and how well that goes. */
export default function Webhooks(): VNode {
  const [webhooks, setWebhooks] = useState<WebhookWithHealth[] | null>(null);
  const [edited, setEdited] = useState<WebhookWithHealth | "new" | null>(null);
  const [deleting, setDeleting] = useState<WebhookWithHealth | null>(null);
  const [rotating, setRotating] = useState<WebhookWithHealth | null>(null);
  const [past, setPast] = useState<WebhookWithHealth | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const load = async (): Promise<void> => setWebhooks(await directory.whole<WebhookWithHealth>("/api/webhooks"));
  useEffect(() => void load().catch(complain), []);
  const more = (w: WebhookWithHealth): (MenuItem | "line")[] => [
    { label: t().webhooks.deliveries, icon: <Icon name="clock" />, run: () => setPast(w) },
    { label: t().webhooks.test, icon: <Icon name="play" />, run: () => void test(w).then(load).catch(complain) },
    { label: t().common.edit, icon: <Icon name="pencil" />, run: () => setEdited(w) },
    { label: t().webhooks.rotate, icon: <Icon name="key" />, run: () => setRotating(w) },
    "line",
    { label: t().common.remove, icon: <Icon name="trash" />, danger: true, run: () => setDeleting(w) },
  ];
  return (
    <>
      <PageHead title={t().rail.webhooks} more={t().webhooks.more}>
        <Button kind="primary" icon="plus" onClick={() => setEdited("new")}>
          {t().webhooks.add}
        </Button>
      </PageHead>
      {webhooks?.length === 0 && <Empty icon="webhook" title={t().webhooks.none} />}
      <ul class="lines">
        {webhooks?.map((w) => (
          <li key={w.id}>
            <div class="line-main">
              <b class="address">{w.url}</b>
              <p>
                {w.events.join(", ") || t().webhooks.all} · {w.format}
                {w.sessionId && ` · ${directory.sessionById.value.get(w.sessionId)?.name ?? t().webhooks.ofSession}`}
                {w.ofBot && ` · ${t().webhooks.ofBot}`}
              </p>
              <Health w={w} />
            </div>
            <Menu label={t().webhooks.actions(w.url)} items={more(w)} />
          </li>
        ))}
      </ul>
      {edited && (
        <Edit
          webhook={edited === "new" ? null : edited}
          onClose={() => setEdited(null)}
          onSaved={async (made) => {
            await load();
            setEdited(null);
            if (made) setSecret(made.secret);
          }}
        />
      )}
      {past && <Deliveries webhook={past} onClose={() => setPast(null)} />}
      {secret && <SecretDialog title={t().webhooks.secret} secret={secret} onClose={() => setSecret(null)} />}
      {rotating && (
        <ConfirmDialog
          title={`${t().webhooks.rotate}?`}
          more={t().webhooks.rotateMore}
          submit={t().webhooks.rotate}
          onClose={() => setRotating(null)}
          onConfirm={async () => {
            const { data } = await api.send<WebhookWithSecret>("POST", `/api/webhooks/${rotating.id}/secret`, {});
            setSecret(data.secret);
          }}
        />
      )}
      {deleting && (
        <ConfirmDialog
          title={t().webhooks.deleteTitle}
          more={`${deleting.url}. ${t().webhooks.deleteMore}`}
          onClose={() => setDeleting(null)}
          onConfirm={async () => {
            await api.send("DELETE", `/api/webhooks/${deleting.id}`);
            await load();
          }}
        />
      )}
    </>
  );
}

function Health({ w }: { w: WebhookWithHealth }): VNode {
  if (!w.isActive)
    return (
      <p class="card-state">
        <span class="chip">{t().webhooks.off}</span> {w.endedReason}
      </p>
    );
  return (
    <p class="card-state">
      <span class={`chip ${w.receiver === "up" ? "ok" : "danger"}`}>
        {w.receiver === "up" ? t().webhooks.up : t().webhooks.down}
      </span>
      {w.pending > 0 && <span>{t().webhooks.pending(numberOf(w.pending))}</span>}
      {w.failures > 0 && <span>{t().webhooks.failures(numberOf(w.failures))}</span>}
    </p>
  );
}

/** Post a test now, and say what the receiver answered. */
async function test(w: WebhookWithHealth): Promise<void> {
  const answer = await attempt(() => api.send<AttemptView>("POST", `/api/webhooks/${w.id}/test`));
  if (!answer) return;
  const { delivered, status, error, tookMs } = answer.data;
  if (delivered) say(t().webhooks.tested(String(status), numberOf(tookMs)), "ok");
  else say(t().webhooks.testFailed(error ?? String(status ?? "")), "danger");
}

interface EditProps {
  webhook: WebhookWithHealth | null;
  onClose: () => void;
  onSaved: (made: WebhookWithSecret | null) => Promise<void>;
}

function Edit({ webhook, onClose, onSaved }: EditProps): VNode {
  const [url, setUrl] = useState(webhook?.url ?? "https://");
  const [format, setFormat] = useState<WebhookFormat>(webhook?.format ?? "standard");
  const [events, setEvents] = useState(webhook?.events.join(", ") ?? "");
  const [sessionId, setSession] = useState("");
  const [isActive, setActive] = useState(webhook?.isActive ?? true);
  const submit = async (): Promise<void> => {
    const body = { url, format, events: listed(events) };
    if (webhook) {
      await api.send("PATCH", `/api/webhooks/${webhook.id}`, { ...body, isActive });
      return onSaved(null);
    }
    const made: WebhookBody = { ...body, sessionId: sessionId || null };
    return onSaved((await api.send<WebhookWithSecret>("POST", "/api/webhooks", made)).data);
  };
  const numbers = directory.sessions.value.map((s) => ({ value: s.id, label: s.name }));
  return (
    <FormDialog title={webhook ? t().common.edit : t().webhooks.add} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          <Field
            label={t().webhooks.url}
            name="url"
            type="url"
            required
            autoFocus
            value={url}
            onInput={setUrl}
            wrong={wrong("url")}
          />
          <Field
            label={t().webhooks.events}
            name="events"
            value={events}
            onInput={setEvents}
            hint={t().webhooks.eventsHint}
            wrong={wrong("events") ?? wrong("events/0")}
          />
          <Select
            label={t().webhooks.format}
            value={format}
            options={FORMATS.map((f) => ({ value: f, label: f }))}
            onChange={(value) => setFormat(value as WebhookFormat)}
            wrong={wrong("format")}
          />
          {webhook ? (
            <Switch label={t().webhooks.active} checked={isActive} onChange={setActive} />
          ) : (
            <Select
              label={t().rules.number}
              value={sessionId}
              options={[{ value: "", label: t().rules.anyNumber }, ...numbers]}
              onChange={setSession}
              wrong={wrong("sessionId")}
            />
          )}
        </>
      )}
    </FormDialog>
  );
}
