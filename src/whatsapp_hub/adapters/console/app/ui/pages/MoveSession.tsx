import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { LossView, SessionDetail, SessionMoveView } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";
import { say } from "../../state/toasts.ts";
import { Select } from "../kit/controls.tsx";
import { PROVIDERS, type ProviderName, ProviderSettings } from "./NewSession.tsx";
import { FormDialog } from "./parts.tsx";

interface MoveSessionProps {
  s: SessionDetail;
  onClose: () => void;
  onMoved: (session: SessionDetail) => void;
}

/** Another provider for a number: first what that would lose, then the move. */
export function MoveSession({ s, onClose, onMoved }: MoveSessionProps): VNode {
  const others = PROVIDERS.filter((p) => p !== s.provider);
  const [provider, setProvider] = useState<ProviderName>(others.includes("META") ? "META" : (others[0] ?? "META"));
  const [settings, setSettings] = useState<Record<string, string>>({});
  const [foreseen, setForeseen] = useState<SessionMoveView | null>(null);
  const change = (to: () => void): void => {
    to();
    setForeseen(null);
  };
  const submit = async (): Promise<void> => {
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value.trim()));
    const body = { provider, settings: given, dryRun: foreseen === null };
    const { data } = await api.send<SessionMoveView>("POST", `/api/sessions/${s.id}/provider`, body);
    if (data.dryRun) return setForeseen(data);
    await directory.loadSessions();
    say(t().moving.done(data.provider, data.waiting), "ok");
    onMoved(data.session);
  };
  return (
    <FormDialog
      title={t().moving.title(s.name)}
      onClose={onClose}
      onSubmit={submit}
      submit={foreseen ? t().moving.now : t().moving.look}
      danger={foreseen !== null}
    >
      {(wrong) => (
        <>
          <p>{t().moving.more}</p>
          <Select
            label={t().numbers.provider}
            value={provider}
            onChange={(value) => change(() => setProvider(value as ProviderName))}
            options={others.map((p) => ({ value: p, label: t().numbers.providers[p] }))}
            wrong={wrong("provider")}
          />
          <ProviderSettings
            provider={provider}
            settings={settings}
            onChange={(given) => change(() => setSettings(given))}
            wrong={wrong}
          />
          {foreseen && <Foreseen move={foreseen} />}
        </>
      )}
    </FormDialog>
  );
}

function Foreseen({ move }: { move: SessionMoveView }): VNode {
  return (
    <section role="status" aria-label={t().moving.losses}>
      <p>{t().moving.waiting(move.waiting)}</p>
      <ul>
        {move.losses.map((loss) => (
          <li key={`${loss.code} ${loss.detail}`}>{sentence(loss, move)}</li>
        ))}
      </ul>
      {move.losses.length === 0 && <p>{t().moving.nothing}</p>}
    </section>
  );
}

function sentence(loss: LossView, move: SessionMoveView): string {
  const said = t().moving.codes[loss.code as keyof ReturnType<typeof t>["moving"]["codes"]] ?? loss.detail;
  const names = loss.names.length ? ` (${loss.names.join(", ").toLowerCase().replaceAll("_", " ")})` : "";
  const where = loss.code === "webhook" && move.webhookPath ? ` ${location.origin}${move.webhookPath}` : "";
  return `${loss.count === null ? "" : `${loss.count} · `}${said}${names}${where}`;
}
