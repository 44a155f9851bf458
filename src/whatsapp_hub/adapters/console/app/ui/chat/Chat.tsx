import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Conversation } from "../../core/entities.ts";
import { isLive, queryOf } from "../../core/views.ts";
import { Problem } from "../../ports/index.ts";
import * as chats from "../../state/chats.ts";
import { departmentById, nameOf, sessionById } from "../../state/directory.ts";
import * as handling from "../../state/handling.ts";
import * as hearing from "../../state/hearing.ts";
import { t } from "../../state/i18n.ts";
import { choice, panelShown, phoneShown } from "../../state/inbox.ts";
import { customerOf, phoneOf } from "../../state/names.ts";
import * as painting from "../../state/painting.ts";
import { reasonOf, sessionReasonOf } from "../../state/reasons.ts";
import { go } from "../../state/route.ts";
import { may, me } from "../../state/session.ts";
import { complain } from "../../state/toasts.ts";
import * as viewing from "../../state/viewing.ts";
import { Hits, Words } from "../inbox/Search.tsx";
import { Avatar, Empty } from "../kit/bits.tsx";
import { Button, IconButton } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu, type MenuItem, openMenu } from "../kit/overlays.tsx";
import { onKey } from "../shell/keys.tsx";
import { Composer } from "./Composer.tsx";
import { Copy } from "./Copy.tsx";
import { Lightbox } from "./Lightbox.tsx";
import { asksReason, Resolve } from "./Resolve.tsx";
import { snoozeItems } from "./Snooze.tsx";
import { Timeline } from "./Timeline.tsx";
import { Transfer } from "./Transfer.tsx";

/** One conversation: who it is, what was said, and the place to answer. */
export function Chat({ id }: { id: string }): VNode {
  const c = painting.rowOf(id).value;
  const chat = painting.chatSignal(id).value;
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isTransferring, setTransferring] = useState(false);
  const [isResolving, setResolving] = useState(false);
  const [quoted, setQuoted] = useState<string | null>(null);
  const [looked, setLooked] = useState<string | null>(null);
  const [isCopying, setCopying] = useState(false);
  const [restored, setRestored] = useState<string | null>(null);

  const load = (): void => {
    setProblem(null);
    chats
      .loadChat(id)
      .catch((error) => (error instanceof Problem && error.status === 404 ? setProblem(error) : complain(error)));
  };
  const resolve = (): void => (asksReason() ? setResolving(true) : void handling.resolve(id));
  useEffect(load, [id]);
  useEffect(() => {
    viewing.look(id);
    return () => viewing.look(null);
  }, [id]);
  useEffect(() => {
    const off = [
      onKey("a", () => void handling.take(id)),
      onKey("y", () => resolve()),
      onKey("u", () => void unread(id)),
      onKey("t", () => setTransferring(true)),
      onKey("z", () => openMenu("snooze")),
      onKey("r", () => setQuoted(lastOfCustomer(id))),
      onKey("find", () => setLooked((words) => words ?? "")),
    ];
    return () => off.forEach((one) => one());
  }, [id]);

  if (!c) {
    const department = painting.whereItWent(id);
    const name = departmentById.value.get(department ?? "")?.name;
    return (
      <section class="chat" aria-label={t().chat.label}>
        {(department !== undefined || problem) && (
          <Empty icon="transfer" title={t().chat.gone}>
            <p>{name ? t().chat.goneTo(name) : t().chat.goneMore}</p>
            <a class="button" href={`/dashboard${queryOf(choice.value)}`}>
              {t().chat.back}
            </a>
          </Empty>
        )}
      </section>
    );
  }
  return (
    <section class="chat" aria-label={t().chat.with(customerOf(c))}>
      <Header
        c={c}
        onTransfer={() => setTransferring(true)}
        onResolve={resolve}
        onSearch={() => setLooked("")}
        onCopy={() => setCopying(true)}
      />
      {looked !== null && (
        <div class="chat-search" role="search" onKeyDown={(event) => event.key === "Escape" && setLooked(null)}>
          <div class="list-search">
            <Words words={looked} label={t().inbox.searchHere} onWords={setLooked} />
            <IconButton icon="close" label={t().common.close} onClick={() => setLooked(null)} />
          </div>
          <Hits words={looked.trim()} conversationId={id} />
        </div>
      )}
      <Reason c={c} />
      <Trouble c={c} />
      {chat?.older === undefined ? (
        <div class="timeline" />
      ) : (
        <Timeline id={id} c={c} chat={chat} onQuote={setQuoted} onChange={setRestored} />
      )}
      <Composer
        key={id}
        c={c}
        quoted={quoted}
        onUnquote={() => setQuoted(null)}
        restored={restored}
        onRestored={() => setRestored(null)}
      />
      {isTransferring && <Transfer c={c} onClose={() => setTransferring(false)} />}
      {isCopying && <Copy id={id} onClose={() => setCopying(false)} />}
      {isResolving && <Resolve c={c} onClose={() => setResolving(false)} />}
      <Lightbox />
    </section>
  );
}

/** Mark it and leave it: who looks on would read it again. */
async function unread(id: string): Promise<void> {
  if (await handling.markUnread(id)) go(`/dashboard${queryOf(choice.value)}`);
}

/** What one quotes without choosing: the newest that the customer said. */
function lastOfCustomer(id: string): string | null {
  const said = painting.chatSignal(id).value?.messages ?? [];
  return said.findLast((m) => m.direction === "INBOUND" && m.whatsappMessageId && !m.revokedAt)?.id ?? null;
}

interface HeaderProps {
  c: Conversation;
  onTransfer: () => void;
  onResolve: () => void;
  onSearch: () => void;
  onCopy: () => void;
}

function Header({ c, onTransfer, onResolve, onSearch, onCopy }: HeaderProps): VNode {
  const session = sessionById.value.get(c.sessionId);
  const isSandbox = session?.provider === "SANDBOX" && may("use-sandbox");
  const canWork = may("work-conversations");
  const isMine = c.assignedUserId === me.value?.id;
  const where = [
    departmentById.value.get(c.departmentId ?? "")?.name,
    c.assignedUserId
      ? isMine
        ? t().chat.you
        : nameOf(c.assignedUserId)
      : isLive(c)
        ? t().list.unassigned
        : t().status[c.status],
    session?.name,
  ];
  const items: (MenuItem | "line")[] = [
    { label: t().panel.label, icon: <Icon name="user" />, run: () => (panelShown.value = !panelShown.value) },
    { label: t().inbox.searchHere, icon: <Icon name="search" />, hint: "Ctrl F", run: onSearch },
    ...(isSandbox
      ? [{ label: t().phone.title, icon: <Icon name="number" />, run: () => (phoneShown.value = !phoneShown.value) }]
      : []),
    {
      label: t().chat.copyLink,
      icon: <Icon name="copy" />,
      run: () => void navigator.clipboard?.writeText(`${location.origin}/dashboard/c/${c.id}`),
    },
    { label: t().inbox.copy, icon: <Icon name="download" />, run: onCopy },
    ...(canWork && isLive(c)
      ? ["line" as const, { label: t().chat.transfer, icon: <Icon name="transfer" />, run: onTransfer }]
      : []),
    ...(canWork && c.assignedUserId
      ? [{ label: t().chat.giveBack, icon: <Icon name="undo" />, run: () => void handling.giveBack(c.id) }]
      : []),
    ...(canWork && isLive(c)
      ? [{ label: t().chat.markUnread, icon: <Icon name="unread" />, run: () => void unread(c.id) }]
      : []),
    ...(canWork && c.status !== "ARCHIVED"
      ? [{ label: t().chat.archive, icon: <Icon name="archive" />, run: () => void handling.archive(c.id) }]
      : []),
  ];
  return (
    <header class="chat-head">
      <span class="chat-back">
        <IconButton icon="back" label={t().chat.back} onClick={() => go(`/dashboard${queryOf(choice.value)}`)} />
      </span>
      <div class="chat-who">
        <h2 dir="auto">{customerOf(c)}</h2>
        <p>
          {c.customerName && c.customerPhone ? <span class="chat-phone">{phoneOf(c.customerPhone)} · </span> : null}
          {where.filter(Boolean).join(" · ")}
        </p>
      </div>
      <Colleagues id={c.id} />
      {canWork && isLive(c) && !isMine && (
        <Button icon="hand" kind="primary" onClick={() => void handling.take(c.id)}>
          {t().chat.take}
        </Button>
      )}
      {canWork && isLive(c) && isMine && (
        <Button icon="done" onClick={onResolve}>
          {t().chat.resolve}
        </Button>
      )}
      {!isLive(c) && may("reopen-conversations") && (
        <Button icon="reopen" onClick={() => void handling.reopen(c.id)}>
          {t().chat.reopen}
        </Button>
      )}
      {isSandbox && (
        <span class="chat-sandbox">
          <IconButton
            icon="number"
            label={t().phone.title}
            pressed={phoneShown.value}
            onClick={() => (phoneShown.value = !phoneShown.value)}
          />
        </span>
      )}
      {canWork && isLive(c) && <Menu icon="clock" label={t().chat.snooze} items={snoozeItems(c)} name="snooze" />}
      <Menu label={t().chat.more} items={items} />
    </header>
  );
}

/** Who else has the conversation open, and who of them writes. */
function Colleagues({ id }: { id: string }): VNode | null {
  const typing = hearing.typing.value.get(id);
  const here = new Set([...viewing.viewersOf(id), ...(typing?.keys() ?? [])]);
  here.delete("customer");
  if (!here.size) return null;
  const said = [...here].map((one) => (typing?.has(one) ? t().chat.types(nameOf(one)) : t().inbox.looks(nameOf(one))));
  return (
    <p class="chat-colleagues" role="status" title={said.join(" · ")}>
      {[...here].slice(0, 3).map((one) => (
        <Avatar key={one} name={nameOf(one)} small />
      ))}
      <span class="chat-colleagues-said">{said.join(" · ")}</span>
    </p>
  );
}

function Reason({ c }: { c: Conversation }): VNode | null {
  const said = reasonOf(c);
  return said && isLive(c) ? (
    <p class="chat-reason">
      <Icon name="info" size="tiny" />
      {said}
    </p>
  ) : null;
}

/** A number that does not work says so where one writes. */
function Trouble({ c }: { c: Conversation }): VNode | null {
  const session = sessionById.value.get(c.sessionId);
  if (!session || session.status === "CONNECTED") return null;
  return (
    <div class="banner warn" role="status">
      {t().chat.numberDown(session.name, t().session.status[session.status], sessionReasonOf(session))}
    </div>
  );
}
