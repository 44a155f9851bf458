import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { SessionDetail, SessionHistoryEntry, SessionStatus } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { phoneOf } from "../../state/names.ts";
import { sessionReasonOf } from "../../state/reasons.ts";
import { may } from "../../state/session.ts";
import { attempt, complain } from "../../state/toasts.ts";
import { Empty } from "../kit/bits.tsx";
import { Button, Field } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Dialog, Menu, type MenuItem } from "../kit/overlays.tsx";
import { Bot } from "./Bot.tsx";
import { MoveSession } from "./MoveSession.tsx";
import { NewSession } from "./NewSession.tsx";
import { FormDialog, PageHead } from "./parts.tsx";
import { QrPanel } from "./QrPanel.tsx";

const TONE: Record<SessionStatus, string> = {
  CONNECTED: "ok",
  CONNECTING: "info",
  QR_PENDING: "info",
  RECONNECTING: "warning",
  DISCONNECTED: "",
  LOGGED_OUT: "danger",
  BANNED: "danger",
  FAILED: "danger",
};

/** The numbers: their state and its reason, trouble first. */
export default function Sessions(): VNode {
  const [isNew, setNew] = useState(false);
  const [linking, setLinking] = useState<string | null>(null);
  const [past, setPast] = useState<SessionDetail | null>(null);
  const [deleting, setDeleting] = useState<SessionDetail | null>(null);
  const [moving, setMoving] = useState<SessionDetail | null>(null);
  const [botOf, setBotOf] = useState<SessionDetail | null>(null);
  useEffect(() => void directory.loadSessions().catch(complain), []);
  const sessions = [...directory.sessions.value].sort((a, b) => rank(a) - rank(b));
  const canManage = may("manage-sessions");
  const shown = linking ? directory.sessionById.value.get(linking) : undefined;
  return (
    <>
      <PageHead title={t().numbers.title} more={t().numbers.more}>
        {canManage && (
          <Button kind="primary" icon="plus" onClick={() => setNew(true)}>
            {t().numbers.add}
          </Button>
        )}
      </PageHead>
      {sessions.length === 0 && <Empty icon="number" title={t().numbers.none} />}
      <ul class="cards-grid">
        {sessions.map((s) => (
          <li key={s.id} class="card">
            <div class="card-head">
              <Icon name="number" />
              <div>
                <h2>{s.name}</h2>
                <p>{[phoneOf(s.phoneNumber), providerOf(s)].filter(Boolean).join(" · ")}</p>
              </div>
              {canManage && (
                <More
                  s={s}
                  onPast={() => setPast(s)}
                  onBot={() => setBotOf(s)}
                  onMove={() => setMoving(s)}
                  onDelete={() => setDeleting(s)}
                />
              )}
            </div>
            <p class="card-state">
              <span class={`chip ${TONE[s.status]}`}>{t().session.status[s.status]}</span>
              <span>{sessionReasonOf(s)}</span>
            </p>
            <p class="card-more">
              {s.routing === "departments" ? t().numbers.routed : t().numbers.gateway}
              {s.bot ? ` · ${t().list.bot}` : ""} · {momentOf(s.updatedAt)}
            </p>
            {s.warnings?.length ? (
              <p class="card-warning">{s.warnings.map((w) => `${w.setting}: ${w.detail}`).join("; ")}</p>
            ) : null}
            {canManage && <Actions s={s} onLink={() => setLinking(s.id)} />}
          </li>
        ))}
      </ul>
      {isNew && (
        <NewSession
          onClose={() => setNew(false)}
          onMade={(s) => {
            setNew(false);
            if (s.status === "QR_PENDING" || s.status === "CONNECTING") setLinking(s.id);
          }}
        />
      )}
      {shown && (
        <Dialog title={t().qr.title(shown.name)} onClose={() => setLinking(null)}>
          <QrPanel s={shown} />
        </Dialog>
      )}
      {past && <History s={past} onClose={() => setPast(null)} />}
      {botOf && <Bot s={botOf} onClose={() => setBotOf(null)} />}
      {moving && (
        <MoveSession
          s={moving}
          onClose={() => setMoving(null)}
          onMoved={(s) => {
            setMoving(null);
            if (s.status === "QR_PENDING" || s.status === "CONNECTING") setLinking(s.id);
          }}
        />
      )}
      {deleting && <Delete s={deleting} onClose={() => setDeleting(null)} />}
    </>
  );
}

function rank(s: SessionDetail): number {
  return s.status === "CONNECTED" ? 2 : s.status === "DISCONNECTED" ? 1 : 0;
}

async function run(s: SessionDetail, verb: "start" | "stop" | "restart" | "logout"): Promise<void> {
  await attempt(() => api.send("POST", `/api/sessions/${s.id}/${verb}`));
  await directory.loadSessions().catch(complain);
}

function Actions({ s, onLink }: { s: SessionDetail; onLink: () => void }): VNode {
  const isOff = ["DISCONNECTED", "LOGGED_OUT", "FAILED", "BANNED"].includes(s.status);
  return (
    <div class="card-actions">
      {isOff ? (
        <Button small icon="play" onClick={() => void run(s, "start").then(() => s.provider !== "SANDBOX" && onLink())}>
          {t().numbers.start}
        </Button>
      ) : (
        <Button small icon="stop" onClick={() => void run(s, "stop")}>
          {t().numbers.stop}
        </Button>
      )}
      {(s.status === "QR_PENDING" || s.status === "CONNECTING") && (
        <Button small kind="primary" icon="qr" onClick={onLink}>
          {t().qr.show}
        </Button>
      )}
    </div>
  );
}

interface MoreProps {
  s: SessionDetail;
  onPast: () => void;
  onBot: () => void;
  onMove: () => void;
  onDelete: () => void;
}

function More({ s, onPast, onBot, onMove, onDelete }: MoreProps): VNode {
  const items: (MenuItem | "line")[] = [
    { label: t().numbers.history, icon: <Icon name="clock" />, run: onPast },
    { label: t().bots.menu, icon: <Icon name="bot" />, run: onBot },
    { label: t().moving.menu, icon: <Icon name="transfer" />, run: onMove },
    { label: t().numbers.restart, icon: <Icon name="refresh" />, run: () => void run(s, "restart") },
    { label: t().numbers.logout, icon: <Icon name="logout" />, run: () => void run(s, "logout") },
    "line",
    { label: t().common.remove, icon: <Icon name="trash" />, danger: true, run: onDelete },
  ];
  return <Menu label={t().numbers.actions(s.name)} items={items} />;
}

function History({ s, onClose }: { s: SessionDetail; onClose: () => void }): VNode {
  const [entries, setEntries] = useState<SessionHistoryEntry[] | null>(null);
  useEffect(() => {
    api
      .get<SessionHistoryEntry[]>(`/api/sessions/${s.id}/history`, { limit: 100 })
      .then((answer) => setEntries(answer.data), complain);
  }, []);
  return (
    <Dialog title={`${t().numbers.history}: ${s.name}`} onClose={onClose} wide>
      {entries?.length === 0 && <p>{t().numbers.noHistory}</p>}
      <ol class="history">
        {entries?.map((entry) => (
          <li key={`${entry.at} ${entry.kind} ${entry.status}`}>
            <time>{momentOf(entry.at)}</time>
            <b>{titleOf(entry)}</b>
            <span>
              {sessionReasonOf({
                statusReason: entry.reason,
                statusReasonCode: entry.reasonCode,
                statusReasonValues: entry.reasonValues,
              })}
              {entry.count > 1 ? ` ×${entry.count}` : ""}
            </span>
          </li>
        ))}
      </ol>
    </Dialog>
  );
}

/** Through what it connects; a provider that is not the hub's own keeps its name. */
function providerOf({ provider }: SessionDetail): string {
  const known: Readonly<Record<string, string | undefined>> = t().numbers.providers;
  return known[provider] ?? provider;
}

/** What happened, in words; a kind that a newer hub has keeps its own name. */
function titleOf({ kind, status }: SessionHistoryEntry): string {
  if (kind !== "status") return t().session.history[kind] ?? kind;
  return status ? t().session.status[status] : kind;
}

function Delete({ s, onClose }: { s: SessionDetail; onClose: () => void }): VNode {
  const [typed, setTyped] = useState("");
  const remove = async (): Promise<void> => {
    if (typed.trim() !== s.name) return;
    await api.send("DELETE", `/api/sessions/${s.id}`);
    await directory.loadSessions();
    onClose();
  };
  return (
    <FormDialog
      title={t().numbers.deleteTitle(s.name)}
      onClose={onClose}
      onSubmit={remove}
      submit={t().common.remove}
      danger
    >
      {() => (
        <>
          <p>{t().numbers.deleteMore}</p>
          <Field label={t().numbers.typeName(s.name)} name="name" value={typed} onInput={setTyped} autoFocus />
        </>
      )}
    </FormDialog>
  );
}
