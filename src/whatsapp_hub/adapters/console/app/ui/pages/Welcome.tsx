import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as directory from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";
import { phoneShown } from "../../state/inbox.ts";
import * as painting from "../../state/painting.ts";
import { go } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { attempt, complain } from "../../state/toasts.ts";
import { Button } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { makeSandbox } from "./NewSession.tsx";
import { PageHead } from "./parts.tsx";

interface Step {
  title: string;
  more: string;
  isDone: boolean;
  action: VNode;
}

/** The first-run guide: each line finds its own state; nothing of it is in the way. */
export default function Welcome(): VNode {
  const [busy, setBusy] = useState(false);
  useEffect(() => void directory.load().catch(complain), []);
  const hasSandbox = directory.sessions.value.some((s) => s.provider === "SANDBOX");
  const canPlay = directory.sessions.value.some((s) => s.provider === "SANDBOX" && s.isActive);
  const sandbox = async (): Promise<void> => {
    setBusy(true);
    await attempt(() => makeSandbox(t().guide.sandboxName));
    setBusy(false);
  };
  const play = (): void => {
    phoneShown.value = true;
    go("/dashboard?view=all");
  };
  const link = (address: string, label: string): VNode => (
    <a class="button" href={address}>
      {label}
    </a>
  );
  const steps: Step[] = [
    {
      ...t().guide.departments,
      isDone: directory.departments.value.length > 0,
      action: link("/dashboard/departments", t().departments.add),
    },
    {
      ...t().guide.number,
      isDone: directory.sessions.value.some((s) => s.status === "CONNECTED"),
      action: (
        <span class="labels">
          {may("manage-sessions") && !hasSandbox && (
            <Button kind="primary" icon="number" disabled={busy} onClick={() => void sandbox()}>
              {t().guide.sandbox}
            </Button>
          )}
          {link("/dashboard/sessions", t().rail.numbers)}
        </span>
      ),
    },
    {
      ...t().guide.online,
      isDone: directory.myStatus.value === "ONLINE",
      action: <Button onClick={() => void attempt(() => directory.setStatus("ONLINE"))}>{t().guide.goOnline}</Button>,
    },
    {
      ...t().guide.play,
      isDone: [...painting.conversations()].length > 0 && painting.revision.value >= 0,
      action: (
        <Button kind={canPlay ? "primary" : ""} icon="phone" disabled={!canPlay} onClick={play}>
          {t().phone.play}
        </Button>
      ),
    },
    { ...t().guide.people, isDone: directory.users.value.length > 1, action: link("/dashboard/users", t().users.add) },
    { ...t().guide.calls, isDone: false, action: link("/settings/me", t().me.settings) },
  ];
  const done = steps.filter((step) => step.isDone).length;
  return (
    <>
      <PageHead title={t().guide.title} more={t().guide.more(done, steps.length)} />
      <ol class="guide">
        {steps.map((step) => (
          <li key={step.title} class={step.isDone ? "done" : ""}>
            <Icon name={step.isDone ? "done" : "add"} size="large" />
            <div>
              <h2>{step.title}</h2>
              <p>{step.more}</p>
            </div>
            {step.action}
          </li>
        ))}
      </ol>
      <a class="button primary" href="/dashboard">
        {t().guide.inbox}
      </a>
    </>
  );
}
