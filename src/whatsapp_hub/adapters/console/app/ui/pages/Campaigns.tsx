import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { CampaignView, CountedCampaign } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { momentOf, numberOf, t } from "../../state/i18n.ts";
import { attempt, complain } from "../../state/toasts.ts";
import { Empty } from "../kit/bits.tsx";
import { Button } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu, type MenuItem } from "../kit/overlays.tsx";
import { NewCampaign } from "./NewCampaign.tsx";
import { ConfirmDialog, PageHead } from "./parts.tsx";

/** How often one that runs is looked at. */
const LOOK_MS = 3_000;
const MOVING = new Set(["RUNNING", "SCHEDULED"]);

/** One template to many customers: made here, started, watched, stopped. */
export default function Campaigns(): VNode {
  const [found, setFound] = useState<CountedCampaign[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [isMaking, setMaking] = useState(false);
  const [ending, setEnding] = useState<{ campaign: CampaignView; verb: "cancel" | "delete" } | null>(null);
  const load = async (): Promise<void> => {
    const answer = await api.get<CountedCampaign[]>("/api/campaigns", { limit: 50 });
    setFound(await Promise.all(answer.data.map(counted)));
    setNext(answer.next);
  };
  useEffect(() => void load().catch(complain), []);
  const moves = found?.some((one) => MOVING.has(one.campaign.status)) ?? false;
  useEffect(() => {
    if (!moves) return;
    const looking = setInterval(() => void load().catch(complain), LOOK_MS);
    return () => clearInterval(looking);
  }, [moves]);

  const more = async (): Promise<void> => {
    const answer = await api.get<CountedCampaign[]>("/api/campaigns", { limit: 50, cursor: next });
    setFound([...(found ?? []), ...answer.data]);
    setNext(answer.next);
  };
  const step = async (campaign: CampaignView, verb: "start" | "pause" | "resume"): Promise<void> => {
    await attempt(() => api.send("POST", `/api/campaigns/${campaign.id}/${verb}`));
    await load();
  };
  const items = (campaign: CampaignView): (MenuItem | "line")[] => {
    const { status } = campaign;
    const isOver = status === "COMPLETED" || status === "CANCELLED";
    const steps: (MenuItem | "line")[] = [];
    if (status === "DRAFT" || status === "SCHEDULED")
      steps.push({ label: t().campaigns.start, icon: <Icon name="play" />, run: () => void step(campaign, "start") });
    if (status === "RUNNING")
      steps.push({ label: t().campaigns.pause, icon: <Icon name="stop" />, run: () => void step(campaign, "pause") });
    if (status === "PAUSED")
      steps.push({ label: t().campaigns.resume, icon: <Icon name="play" />, run: () => void step(campaign, "resume") });
    if (steps.length) steps.push("line");
    const verb = isOver || status === "DRAFT" ? "delete" : "cancel";
    const label = verb === "delete" ? t().common.remove : t().campaigns.cancel;
    return [...steps, { label, icon: <Icon name="trash" />, danger: true, run: () => setEnding({ campaign, verb }) }];
  };
  return (
    <>
      <PageHead title={t().rail.campaigns} more={t().campaigns.more}>
        <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>
          {t().campaigns.add}
        </Button>
      </PageHead>
      {found?.length === 0 && <Empty icon="send" title={t().campaigns.none} />}
      <ul class="lines">
        {found?.map((one) => (
          <li key={one.campaign.id}>
            <One counted={one} />
            <Menu label={t().campaigns.actions(one.campaign.name)} items={items(one.campaign)} />
          </li>
        ))}
      </ul>
      {next && (
        <p class="page-more">
          <Button onClick={() => void more().catch(complain)}>{t().common.moreOf}</Button>
        </p>
      )}
      {isMaking && (
        <NewCampaign
          onClose={() => setMaking(false)}
          onMade={async () => {
            setMaking(false);
            await load();
          }}
        />
      )}
      {ending && (
        <ConfirmDialog
          title={ending.verb === "cancel" ? t().campaigns.cancelTitle : t().campaigns.deleteTitle}
          more={`${ending.campaign.name}. ${ending.verb === "cancel" ? t().campaigns.cancelMore : t().campaigns.deleteMore}`}
          submit={ending.verb === "cancel" ? t().campaigns.cancel : undefined}
          onClose={() => setEnding(null)}
          onConfirm={async () => {
            if (ending.verb === "cancel") await api.send("POST", `/api/campaigns/${ending.campaign.id}/cancel`);
            else await api.send("DELETE", `/api/campaigns/${ending.campaign.id}`);
            await load();
          }}
        />
      )}
    </>
  );
}

/** What the list says of one that runs is some seconds old: it is counted anew. */
async function counted(one: CountedCampaign): Promise<CountedCampaign> {
  if (one.campaign.status !== "RUNNING") return one;
  return (await api.get<CountedCampaign>(`/api/campaigns/${one.campaign.id}`)).data;
}

function One({ counted: { campaign, counts } }: { counted: CountedCampaign }): VNode {
  const words = t().campaigns;
  const done = counts.recipients - counts.waiting;
  const tone = { RUNNING: "ok", PAUSED: "warn", COMPLETED: "ok" }[campaign.status as string] ?? "";
  return (
    <div class="line-main">
      <b>{campaign.name}</b>
      <p>
        {campaign.template.name} ({campaign.template.language}) ·{" "}
        {directory.sessionById.value.get(campaign.sessionId)?.name ?? words.gone} · {whom(campaign)}
      </p>
      <p class="card-state">
        <span class={`chip ${tone}`}>{words.states[campaign.status]}</span>
        {campaign.status === "PAUSED" && campaign.pauseReason && (
          <span>
            {words.pauses[campaign.pauseReason]}
            {campaign.pauseDetail && `: ${campaign.pauseDetail}`}
          </span>
        )}
        {campaign.status === "SCHEDULED" && campaign.startsAt && <span>{momentOf(campaign.startsAt)}</span>}
        {counts.recipients > 0 && <span>{words.progress(numberOf(done), numberOf(counts.recipients))}</span>}
      </p>
      {counts.recipients > 0 && (
        <>
          <progress max={counts.recipients} value={done} aria-label={words.progressOf(campaign.name)} />
          <p>
            {words.sent(numberOf(counts.sent))} · {words.delivered(numberOf(counts.delivered))} ·{" "}
            {words.read(numberOf(counts.read))} · {words.answered(numberOf(counts.answered))} ·{" "}
            {words.failed(numberOf(counts.failed))} · {words.skipped(numberOf(counts.skipped))} ·{" "}
            {words.billable(numberOf(counts.costs.billable))}
          </p>
          {Object.keys(counts.reasons).length > 0 && <p class="hint">{reasons(counts.reasons)}</p>}
        </>
      )}
    </div>
  );
}

function reasons(found: Record<string, number>): string {
  const skips: Record<string, string> = t().campaigns.skips;
  return Object.entries(found)
    .map(([code, n]) => `${skips[code] ?? t().campaigns.code(code)}: ${numberOf(n)}`)
    .join(" · ");
}

function whom({ audience }: CampaignView): string {
  if (audience.named) return t().campaigns.named(numberOf(audience.named));
  if (audience.everybody) return t().campaigns.everybody;
  const fields = Object.entries(audience.fields).map(([name, value]) => `${name}: ${value}`);
  return [...audience.labels, ...fields].join(", ");
}
