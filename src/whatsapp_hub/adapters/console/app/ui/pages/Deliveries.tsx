import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { DeliveryState, DeliveryView, WebhookWithHealth } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { attempt, complain } from "../../state/toasts.ts";
import { Button, Select } from "../kit/controls.tsx";
import { Dialog } from "../kit/overlays.tsx";

const TONE: Record<DeliveryState, string> = { pending: "info", delivered: "ok", dead: "danger", cancelled: "" };

/** What was posted to a receiver, what it answered, and once more. */
export function Deliveries({ webhook, onClose }: { webhook: WebhookWithHealth; onClose: () => void }): VNode {
  const [state, setState] = useState<DeliveryState | "">("");
  const [found, setFound] = useState<DeliveryView[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const load = async (cursor: string | null): Promise<void> => {
    const path = `/api/webhooks/${webhook.id}/deliveries`;
    const answer = await api.get<DeliveryView[]>(path, { state, limit: 50, cursor });
    setFound(cursor ? [...(found ?? []), ...answer.data] : answer.data);
    setNext(answer.next);
  };
  useEffect(() => void load(null).catch(complain), [state]);
  const replay = async (d: DeliveryView): Promise<void> => {
    await attempt(() => api.send("POST", `/api/webhooks/deliveries/${d.id}/replay`), t().webhooks.replayed);
    await load(null).catch(complain);
  };
  const { all, ...states } = t().webhooks.states;
  const options = Object.entries(states).map(([value, label]) => ({ value, label }));
  return (
    <Dialog title={`${t().webhooks.deliveries}: ${webhook.url}`} onClose={onClose} wide>
      <Select
        label={t().webhooks.deliveries}
        hideLabel
        value={state}
        options={[{ value: "", label: all }, ...options]}
        onChange={(value) => setState(value as DeliveryState | "")}
      />
      {found?.length === 0 && <p>{t().webhooks.noDeliveries}</p>}
      <ol class="lines">
        {found?.map((d) => (
          <li key={d.id}>
            <div class="line-main">
              <b>{d.type}</b>
              <p>
                <span class={`chip ${TONE[d.state]}`}>{t().webhooks.states[d.state]}</span> {momentOf(d.createdAt)} ·{" "}
                {t().webhooks.tries(d.tries)}
              </p>
              {d.attempts.slice(-3).map((a, n) => (
                <p key={n} class="attempt">
                  {a.at && momentOf(a.at)} · {a.error ?? a.status} · {a.tookMs ?? "—"} ms
                </p>
              ))}
            </div>
            {d.state !== "pending" && (
              <Button small icon="refresh" onClick={() => void replay(d)}>
                {t().webhooks.replay}
              </Button>
            )}
          </li>
        ))}
      </ol>
      {next && <Button onClick={() => void load(next).catch(complain)}>{t().common.moreOf}</Button>}
    </Dialog>
  );
}
