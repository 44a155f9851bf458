import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { spanOf } from "../../core/clock.ts";
import type { DashboardView } from "../../core/entities.ts";
import type { AgentView, CostsView, CostView, SessionsView } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { countryOf, numberOf, percentOf, t } from "../../state/i18n.ts";
import { complain } from "../../state/toasts.ts";
import { Avatar, PresenceDot, Skeletons } from "../kit/bits.tsx";
import { Segments } from "../kit/controls.tsx";
import { Bars } from "./Bars.tsx";
import { type Column, PageHead, Table } from "./parts.tsx";

type Period = "24h" | "7d" | "30d";

function seconds(value: number | null): string {
  return value === null ? "—" : value < 60 ? `${numberOf(value)} s` : spanOf(value * 1000);
}

/** The company's figures: what comes in, how fast it is answered, who answers it. */
export default function Metrics(): VNode {
  const [period, setPeriod] = useState<Period>("7d");
  const [board, setBoard] = useState<DashboardView | null>(null);
  const [agents, setAgents] = useState<AgentView[]>([]);
  const [numbers, setNumbers] = useState<SessionsView | null>(null);
  const [costs, setCosts] = useState<CostsView | null>(null);
  useEffect(() => {
    Promise.all([
      api.get<DashboardView>("/api/metrics/dashboard", { period }).then((answer) => setBoard(answer.data)),
      api.get<AgentView[]>("/api/metrics/agents", { period }).then((answer) => setAgents(answer.data)),
      api.get<CostsView>("/api/metrics/costs", { period }).then((answer) => setCosts(answer.data)),
      api.get<SessionsView>("/api/metrics/sessions").then((answer) => setNumbers(answer.data)),
    ]).catch(complain);
  }, [period]);
  const periods = (["24h", "7d", "30d"] as const).map((value) => ({ value, label: t().metrics.periods[value] }));
  return (
    <>
      <PageHead title={t().rail.metrics}>
        <Segments label={t().metrics.period} value={period} options={periods} onChange={setPeriod} />
      </PageHead>
      {board ? <Board board={board} numbers={numbers} /> : <Skeletons rows={3} height={90} />}
      <h2 class="page-part">{t().metrics.people}</h2>
      <Table label={t().metrics.people} items={agents} columns={columns()} idOf={(a) => a.userId} />
      {costs && costs.messages > 0 && <Costs costs={costs} />}
    </>
  );
}

function Board({ board, numbers }: { board: DashboardView; numbers: SessionsView | null }): VNode {
  const { conversations: c, messages: m, targets, ratings } = board;
  return (
    <>
      <dl class="tiles">
        <Tile label={t().metrics.open} value={numberOf(c.open)} />
        <Tile label={t().metrics.assigned} value={numberOf(c.assigned)} />
        <Tile label={t().metrics.resolved} value={numberOf(c.resolved)} />
        <Tile
          label={t().metrics.firstResponse}
          value={seconds(board.medianFirstResponseTime)}
          more={t().metrics.openHours(seconds(board.medianFirstResponseTimeOpenHours))}
        />
        <Tile
          label={t().metrics.within}
          value={targets.firstResponse.share === null ? "—" : percentOf(targets.firstResponse.share)}
          more={t().metrics.missed(numberOf(targets.firstResponse.breached))}
        />
        <Tile
          label={t().panel.rating}
          value={ratings.average === null ? "—" : `${numberOf(ratings.average, 1)} ★`}
          more={t().metrics.ratings(numberOf(ratings.count))}
        />
        <Tile label={t().metrics.today} value={numberOf(m.today)} />
        {numbers && <Tile label={t().metrics.numbers} value={numberOf(numbers.active)} />}
      </dl>
      <h2 class="page-part">{t().metrics.volume}</h2>
      <Bars
        label={t().metrics.volume}
        bars={[
          { label: t().metrics.inbound, value: m.inbound },
          { label: t().metrics.outbound, value: m.outbound },
          { label: t().metrics.resolved, value: c.resolved },
        ]}
      />
    </>
  );
}

/** As the provider charges: it says the category and whether it bills, never an amount. */
function Costs({ costs }: { costs: CostsView }): VNode {
  const columns: Column<CostView>[] = [
    { label: t().numbers.name, shown: (c) => directory.sessionById.value.get(c.sessionId)?.name ?? c.sessionId },
    { label: t().metrics.category, shown: (c) => (c.type ? `${c.category} · ${c.type}` : c.category) },
    { label: t().metrics.country, shown: (c) => (c.country ? countryOf(c.country) : "—") },
    { label: t().metrics.billed, shown: (c) => (c.billable ? t().metrics.yes : t().metrics.no) },
    { label: t().metrics.sent, numeric: true, shown: (c) => numberOf(c.messages) },
  ];
  return (
    <>
      <h2 class="page-part">{t().metrics.costs(numberOf(costs.billable), numberOf(costs.messages))}</h2>
      <Table
        label={t().metrics.category}
        items={costs.items}
        columns={columns}
        idOf={(c) => [c.sessionId, c.category, c.type, c.billable, c.country].join()}
      />
    </>
  );
}

function Tile({ label, value, more }: { label: string; value: string; more?: string }): VNode {
  return (
    <div class="tile">
      <dt>{label}</dt>
      <dd>{value}</dd>
      {more && <dd class="tile-more">{more}</dd>}
    </div>
  );
}

function columns(): Column<AgentView>[] {
  return [
    {
      label: t().users.name,
      shown: (a) => (
        <span class="person">
          <Avatar name={a.name} small />
          <b>{a.name}</b> <PresenceDot status={a.onlineStatus} />
        </span>
      ),
    },
    { label: t().metrics.assigned, numeric: true, shown: (a) => numberOf(a.assigned) },
    { label: t().metrics.resolved, numeric: true, shown: (a) => numberOf(a.resolved) },
    { label: t().metrics.sent, numeric: true, shown: (a) => numberOf(a.messagesSent) },
    { label: t().metrics.firstResponse, numeric: true, shown: (a) => seconds(a.medianFirstResponseTime) },
    {
      label: t().panel.rating,
      numeric: true,
      shown: (a) =>
        a.ratings.average === null ? "—" : `${numberOf(a.ratings.average, 1)} (${numberOf(a.ratings.count)})`,
    },
  ];
}
