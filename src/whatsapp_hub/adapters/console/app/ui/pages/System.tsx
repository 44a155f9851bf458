import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { RunningProcess, SystemView } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import { momentOf, numberOf, t } from "../../state/i18n.ts";
import { complain } from "../../state/toasts.ts";
import { type Column, PageHead, Table } from "./parts.tsx";

const LOOK_EVERY_MS = 10_000;

/** Which parts of the hub run, and what waits in them. */
export default function System(): VNode {
  const [system, setSystem] = useState<SystemView | null>(null);
  useEffect(() => {
    const look = (): void => void api.get<SystemView>("/api/system").then((answer) => setSystem(answer.data), complain);
    look();
    const timer = setInterval(() => !document.hidden && look(), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const columns: Column<RunningProcess>[] = [
    { label: t().system.part, shown: (p) => <b>{p.role}</b> },
    { label: t().system.process, shown: (p) => p.process },
    { label: t().system.version, shown: (p) => p.version },
    { label: t().system.started, shown: (p) => momentOf(p.startedAt) },
    { label: t().system.seen, shown: (p) => momentOf(p.lastSeenAt) },
  ];
  return (
    <>
      <PageHead title={t().rail.system} more={t().system.more} />
      {system && (
        <>
          <Table
            label={t().rail.system}
            items={system.roles}
            columns={columns}
            idOf={(p) => `${p.role} ${p.process}`}
          />
          <h2 class="page-part">{t().system.queues}</h2>
          <dl class="tiles">
            {waitingIn(system).map(([label, value]) => (
              <div key={label} class="tile">
                <dt>{label}</dt>
                <dd>{numberOf(value)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </>
  );
}

function waitingIn({ queues: q }: SystemView): [string, number][] {
  return [
    [t().system.inbox, q.inbox.pending],
    [t().system.quarantined, q.inbox.quarantined],
    [t().system.unassigned, q.inbox.unassigned],
    [t().system.lanes, q.lanes.due],
    [t().system.outbox, q.outbox],
    [t().system.waiting, q.webhooks.waiting],
    [t().system.dead, q.webhooks.dead],
  ];
}
