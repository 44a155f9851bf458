import type { ComponentType, VNode } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import * as desk from "../../state/desk.ts";
import * as directory from "../../state/directory.ts";
import * as happenings from "../../state/happenings.ts";
import * as hearing from "../../state/hearing.ts";
import { t } from "../../state/i18n.ts";
import * as listing from "../../state/listing.ts";
import * as outbox from "../../state/outbox.ts";
import * as painting from "../../state/painting.ts";
import * as preferences from "../../state/preferences.ts";
import { go, path } from "../../state/route.ts";
import * as scheduled from "../../state/scheduled.ts";
import { may, me, standing } from "../../state/session.ts";
import * as viewing from "../../state/viewing.ts";
import { Inbox } from "../inbox/Inbox.tsx";
import { Empty } from "../kit/bits.tsx";
import { ActingBanner, ConnectionBanner } from "./Connection.tsx";
import { listenForKeys, Shortcuts } from "./keys.tsx";
import { Palette, paletteShown } from "./Palette.tsx";
import { besides, labelOf, type Place, pageAt } from "./places.ts";
import { Rail } from "./Rail.tsx";

let isRunning = false;

/** Begin what runs for as long as somebody is signed in. */
function run(): void {
  if (isRunning) return;
  isRunning = true;
  desk.alsoHear(outbox.noticed);
  desk.alsoHear(viewing.hear);
  desk.alsoHear(scheduled.hear);
  desk.alsoHear(happenings.hear);
  hearing.knowing((id) => {
    const conversation = painting.rowOf(id).value;
    if (!conversation) return null;
    const name = conversation.customerName ?? conversation.customerPhone ?? "";
    return { name, isMine: conversation.assignedUserId === me.value?.id };
  });
  hearing.counting(() => listing.counts.value.waiting);
  listing.keepCounting();
  viewing.start();
  void outbox.load();
  listenForKeys();
  begin();
}

/** Connect and read; names, colours and the bell come after what one waits for. */
function begin(): void {
  const besides = (): void => {
    void directory.load();
    void preferences.load().catch(() => {});
    void hearing.loadNotifications().catch(() => {});
  };
  desk.start().then(besides, besides);
}

/** The rail, and the page that the address names. */
export function Desk(): VNode {
  useLayoutEffect(run, []);
  const isBack = standing.value === "in";
  useEffect(() => {
    if (isBack && isRunning && painting.connection.value.state === "offline") begin();
  }, [isBack]);
  return (
    <div class="desk">
      <a class="skip" href="#main">
        {t().common.skip}
      </a>
      <Rail />
      <div class="desk-page">
        <ActingBanner />
        <ConnectionBanner />
        <Page />
      </div>
      <Shortcuts />
      {paletteShown.value && <Palette />}
    </div>
  );
}

function Page(): VNode {
  const address = path.value;
  useEffect(() => {
    if (address === "/" || address === "/login") go("/dashboard", { replace: true });
  }, [address]);
  const page = pageAt(address);
  if (!page?.load) return <Inbox />;
  if (page.reads && !may(page.reads)) {
    return (
      <main id="main" class="page">
        <Empty icon="key" title={t().common.refused}>
          <p>{t().common.refusedMore}</p>
        </Empty>
      </main>
    );
  }
  return <Lazy key={address} address={address} load={page.load} />;
}

/** The pages beside this one, where its entry of the rail has several. */
function Tabs({ address }: { address: string }): VNode | null {
  const pages = besides(address);
  if (pages.length < 2) return null;
  return (
    <nav class="tabs" aria-label={t().rail.besides}>
      {pages.map((place) => (
        <a key={place.address} href={place.address} aria-current={place.address === address ? "page" : undefined}>
          {labelOf(place)}
        </a>
      ))}
    </nav>
  );
}

/** Pages that were opened before are shown at once. */
const loaded = new Map<string, ComponentType>();

function Lazy({ address, load }: { address: string; load: NonNullable<Place["load"]> }): VNode {
  const [Shown, setShown] = useState<ComponentType | null>(() => loaded.get(address) ?? null);
  const [failed, setFailed] = useState(false);
  useLayoutEffect(() => {
    if (Shown) return;
    load().then(
      (module) => {
        loaded.set(address, module.default);
        setShown(() => module.default);
      },
      () => setFailed(true),
    );
  }, []);
  return (
    <main id="main" class="page">
      <Tabs address={address} />
      {Shown ? <Shown /> : failed ? <Empty icon="refresh" title={t().common.newVersion} /> : null}
    </main>
  );
}
