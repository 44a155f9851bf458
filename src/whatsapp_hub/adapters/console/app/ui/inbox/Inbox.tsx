import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { queryOf } from "../../core/views.ts";
import * as directory from "../../state/directory.ts";
import { sessions } from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";
import { begin, choice, isLabelling, isStarting, openId, panelShown, phoneShown } from "../../state/inbox.ts";
import * as painting from "../../state/painting.ts";
import { go } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { attempt } from "../../state/toasts.ts";
import { Chat } from "../chat/Chat.tsx";
import { Empty } from "../kit/bits.tsx";
import { Button } from "../kit/controls.tsx";
import { Phone } from "../phone/Phone.tsx";
import { onKey } from "../shell/keys.tsx";
import { List } from "./List.tsx";
import { NewConversation } from "./NewConversation.tsx";
import { Panel } from "./Panel.tsx";
import { Search } from "./Search.tsx";

/** List, chat, customer, and the sandbox's phone where one plays it. */
export function Inbox(): VNode {
  const id = openId.value;
  useEffect(() => onKey(".", () => (panelShown.value = !panelShown.value)), []);
  useEffect(() => {
    const withPanel = (then: () => void): void => {
      if (!openId.value) return;
      panelShown.value = true;
      requestAnimationFrame(then);
    };
    const off = [
      onKey("l", () => withPanel(() => (isLabelling.value = may("work-conversations")))),
      onKey("p", () => withPanel(() => document.querySelector<HTMLElement>(".panel select")?.focus())),
    ];
    return () => off.forEach((one) => one());
  }, []);
  useEffect(() => onKey("n", () => may("start-conversations") && begin()), []);
  useEffect(() => onKey("Escape", () => openId.value && go(`/dashboard${queryOf(choice.value)}`)), []);
  return (
    <main
      id="main"
      class={`inbox ${id ? "chat-open" : ""} ${id && panelShown.value ? "with-panel" : ""} ${phoneShown.value ? "with-phone" : ""}`}
    >
      <h1 class="unseen">{t().rail.inbox}</h1>
      {choice.value.find ? <Search /> : <List />}
      {id ? <Chat key={id} id={id} /> : <Nothing />}
      {id && panelShown.value && <Panel key={`panel-${id}`} id={id} />}
      {phoneShown.value && <Phone />}
      {isStarting.value && <NewConversation onClose={() => (isStarting.value = false)} />}
    </main>
  );
}

/** Who is offline gets nothing: said where one would wait for it. */
function GoOnline(): VNode {
  return (
    <>
      <p>{t().online.none}</p>
      <Button kind="primary" onClick={() => void attempt(() => directory.setStatus("ONLINE"))}>
        {t().online.go}
      </Button>
    </>
  );
}

function Nothing(): VNode {
  const hasSandbox = may("use-sandbox") && sessions.value.some((s) => s.provider === "SANDBOX");
  return (
    <section class="nothing" aria-label={t().chat.label}>
      <Empty icon="inbox" title={t().chat.choose}>
        <p>{t().chat.chooseMore}</p>
        {directory.myStatus.value === "OFFLINE" && may("work-conversations") && <GoOnline />}
        {hasSandbox && !phoneShown.value && (
          <Button icon="number" onClick={() => (phoneShown.value = true)}>
            {t().phone.play}
          </Button>
        )}
        {!sessions.value.length && may("manage-sessions") && painting.isLoaded.value && (
          <a class="button primary" href="/welcome">
            {t().rail.guide}
          </a>
        )}
      </Empty>
    </section>
  );
}
