import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as desk from "../../state/desk.ts";
import * as directory from "../../state/directory.ts";
import * as hearing from "../../state/hearing.ts";
import { t } from "../../state/i18n.ts";
import * as outbox from "../../state/outbox.ts";
import { go, path } from "../../state/route.ts";
import { may, me, standing } from "../../state/session.ts";
import { Inbox } from "../inbox/Inbox.tsx";
import { Empty } from "../kit/bits.tsx";
import { ConnectionBanner } from "./Connection.tsx";
import { listenForKeys, Shortcuts } from "./keys.tsx";
import { Rail } from "./Rail.tsx";

type Load = () => Promise<{ default: ComponentType }>;

/** The pages besides the inbox: each is loaded when it is first opened, and shown to who may use it. */
const PAGES: Record<string, { load: Load; needs: string | null }> = {
  "/dashboard/sessions": { load: () => import("../pages/Sessions.tsx"), needs: "read-sessions" },
  "/dashboard/users": { load: () => import("../pages/Users.tsx"), needs: "read-users" },
  "/dashboard/departments": { load: () => import("../pages/Departments.tsx"), needs: "read-departments" },
  "/dashboard/automation/replies": { load: () => import("../pages/Replies.tsx"), needs: "read-quick-replies" },
  "/dashboard/metrics": { load: () => import("../pages/Metrics.tsx"), needs: "read-metrics" },
  "/dashboard/audit": { load: () => import("../pages/Audit.tsx"), needs: "read-audit" },
  "/dashboard/settings": { load: () => import("../pages/Company.tsx"), needs: "read-company" },
  "/settings/me": { load: () => import("../pages/Me.tsx"), needs: null },
  "/welcome": { load: () => import("../pages/Welcome.tsx"), needs: null },
};

let isRunning = false;

/** Begin what runs for as long as somebody is signed in. */
function run(): void {
  if (isRunning) return;
  isRunning = true;
  desk.alsoHear(outbox.noticed);
  hearing.knowing((id) => {
    const conversation = desk.rowOf(id).value;
    if (!conversation) return null;
    const name = conversation.customerName ?? conversation.customerPhone ?? "";
    return { name, isMine: conversation.assignedUserId === me.value?.id };
  });
  hearing.counting(() => desk.counts.value.waiting);
  void directory.load();
  void hearing.loadNotifications().catch(() => {});
  void outbox.load();
  listenForKeys();
  desk.start();
}

/** The rail, and the page that the address names. */
export function Desk(): VNode {
  useEffect(run, []);
  const isBack = standing.value === "in";
  useEffect(() => {
    if (isBack && isRunning && desk.connection.value.state === "offline") desk.restart();
  }, [isBack]);
  return (
    <div class="desk">
      <a class="skip" href="#main">
        {t().common.skip}
      </a>
      <Rail />
      <div class="desk-page">
        <ConnectionBanner />
        <Page />
      </div>
      <Shortcuts />
    </div>
  );
}

function Page(): VNode {
  const address = path.value;
  useEffect(() => {
    if (address === "/" || address === "/login") go("/dashboard", { replace: true });
  }, [address]);
  const page = PAGES[address];
  if (!page) return <Inbox />;
  if (page.needs && !may(page.needs)) {
    return (
      <main id="main" class="page">
        <Empty icon="key" title={t().common.refused}>
          <p>{t().common.refusedMore}</p>
        </Empty>
      </main>
    );
  }
  return <Lazy key={address} load={page.load} />;
}

function Lazy({ load }: { load: Load }): VNode {
  const [Shown, setShown] = useState<ComponentType | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    load().then(
      (module) => setShown(() => module.default),
      () => setFailed(true),
    );
  }, []);
  return (
    <main id="main" class="page">
      {Shown ? <Shown /> : failed ? <Empty icon="refresh" title={t().common.newVersion} /> : null}
    </main>
  );
}
