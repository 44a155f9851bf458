import type { ComponentChildren, VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { isSameDay, isSameGroup } from "../../core/clock.ts";
import type { Chat, Conversation, Message, NoteView } from "../../core/entities.ts";
import type { Happening } from "../../core/happenings.ts";
import type { Entry } from "../../core/outbox.ts";
import * as chats from "../../state/chats.ts";
import { nameOf } from "../../state/directory.ts";
import * as handling from "../../state/handling.ts";
import * as happenings from "../../state/happenings.ts";
import * as hearing from "../../state/hearing.ts";
import { dayOf, kindOf, t, timeOf } from "../../state/i18n.ts";
import { addressOf, wanted } from "../../state/inbox.ts";
import { customerOf } from "../../state/names.ts";
import * as outbox from "../../state/outbox.ts";
import { go } from "../../state/route.ts";
import * as scheduled from "../../state/scheduled.ts";
import { me } from "../../state/session.ts";
import { complain } from "../../state/toasts.ts";
import { onKey } from "../shell/keys.tsx";
import { Bubble } from "./Bubble.tsx";
import { Happened } from "./Happened.tsx";
import { Planned } from "./Later.tsx";
import { NoteText, NoteTools } from "./Note.tsx";
import { Waiting } from "./Waiting.tsx";

const SHOWN_FIRST = 120;
const SHOWN_MORE = 60;
const NEAR_END_PX = 90;
const SEEN_AFTER_MS = 1_000;
const BEFORE_TARGET = 20;
const DAY_ABOVE_PX = 8;

type Item = { at: string; id: string } & ({ message: Message } | { note: NoteView } | { happening: Happening });

/** What was said, in the hub's order, with notes at their time; the reading position stays where it is. */
export function Timeline({
  id,
  c,
  chat,
  onQuote,
  onChange,
}: {
  id: string;
  c: Conversation;
  chat: Chat;
  onQuote: (id: string) => void;
  onChange: (text: string) => void;
}): VNode {
  const frame = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState(SHOWN_FIRST);
  const [newer, setNewer] = useState(0);
  const unreadFrom = useMemo(() => firstUnread(chat.messages, c.unreadCount), [id]);
  const happened = happenings.happenedIn(id);
  const items = useMemo(() => woven(chat, happened), [chat, happened]);
  const target = wanted.value;
  const placed = target ? items.findIndex((item) => item.id === target) : -1;
  const inSight = items.slice(-Math.max(shown, placed < 0 ? 0 : items.length - placed + BEFORE_TARGET));
  const waiting = outbox.entries.value.filter(
    (e) => e.conversationId === id && !chat.messages.some((m) => m.id === e.became),
  );
  const atEnd = useRef(true);
  const loading = useRef(false);
  const anchor = useRef<{ first: string | undefined; last: string | undefined; height: number }>({
    first: undefined,
    last: undefined,
    height: 0,
  });
  const lastKey = `${items.at(-1)?.id} ${waiting.length} ${scheduled.waitingIn(id).length}`;

  useLayoutEffect(() => {
    const element = frame.current!;
    const divider = element.querySelector<HTMLElement>(".unread-line");
    if (divider) element.scrollTop = divider.offsetTop - 60;
    else element.scrollTop = element.scrollHeight;
  }, [id]);
  useEffect(() => {
    void happenings.load(id).catch(() => {}); // lines besides what was said: a chat is whole without them
  }, [id]);
  useEffect(() => {
    if (target) void chats.loadAround(id, target).catch(complain);
  }, [id, target]);
  useLayoutEffect(() => {
    if (placed < 0) return;
    atEnd.current = false;
    frame.current!.querySelector(".hit-here > *")?.scrollIntoView({ block: "center" });
  }, [target, placed < 0]);
  useLayoutEffect(() => {
    const element = frame.current!;
    const first = inSight[0]?.id;
    const before = anchor.current;
    if (before.first !== undefined && first !== before.first && before.last === items.at(-1)?.id) {
      element.scrollTop += element.scrollHeight - before.height;
    } else if (before.last !== undefined && lastKey !== before.last && atEnd.current) {
      element.scrollTop = element.scrollHeight;
    }
    anchor.current = { first, last: items.at(-1)?.id, height: element.scrollHeight };
  });
  useEffect(() => {
    const watch = new ResizeObserver(() => {
      if (atEnd.current) frame.current!.scrollTop = frame.current!.scrollHeight;
    });
    watch.observe(frame.current!);
    return () => watch.disconnect();
  }, [id]);
  useEffect(() => {
    if (!atEnd.current) setNewer((count) => count + 1);
  }, [items.at(-1)?.id]);
  useMarkRead(c, () => !chat.hasNewer && isInSight(frame.current));

  const older = async (): Promise<void> => {
    if (loading.current) return;
    if (shown < items.length) return setShown(shown + SHOWN_MORE);
    if (!chat.older) return;
    loading.current = true;
    try {
      await chats.loadOlder(id);
      setShown((count) => count + SHOWN_MORE);
    } catch (error) {
      complain(error);
    } finally {
      loading.current = false;
    }
  };
  const onwards = async (): Promise<void> => {
    if (loading.current) return;
    loading.current = true;
    try {
      await chats.loadNewer(id);
      setShown((count) => count + SHOWN_MORE);
    } catch (error) {
      complain(error);
    } finally {
      loading.current = false;
    }
  };
  const look = (): void => {
    const element = frame.current!;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    atEnd.current = left < NEAR_END_PX && !chat.hasNewer;
    if (chat.hasNewer && left < element.clientHeight) void onwards();
    if (atEnd.current && newer) setNewer(0);
    if (element.scrollTop < element.clientHeight * 1.5) void older();
  };
  const toEnd = async (): Promise<void> => {
    await chats.loadNewest(id).catch(complain);
    if (target) go(addressOf(id), { replace: true });
    atEnd.current = true;
    frame.current!.scrollTop = frame.current!.scrollHeight;
    setNewer(0);
  };
  /** Go to the beginning of the day before, or after, the one in sight. */
  const toDay = (step: 1 | -1): void => {
    const element = frame.current!;
    const days = [...element.querySelectorAll<HTMLElement>(".day")].map((day) => day.offsetTop - DAY_ABOVE_PX);
    const here = element.scrollTop;
    const next = step < 0 ? days.findLast((top) => top < here - 1) : days.find((top) => top > here + 1);
    if (next !== undefined) element.scrollTop = next;
  };
  useEffect(() => {
    const off = [onKey("End", () => void toEnd()), onKey("[", () => toDay(-1)), onKey("]", () => toDay(1))];
    return () => off.forEach((one) => one());
  });

  return (
    <div class="timeline-frame">
      <div
        class="timeline"
        ref={frame}
        onScroll={look}
        role="log"
        aria-label={t().chat.messages}
        aria-live="off"
        tabIndex={0}
      >
        {chat.older ? null : <p class="timeline-begin">{t().chat.begin}</p>}
        {inSight.map((item, n) => (
          <Placed
            key={item.id}
            item={item}
            before={inSight[n - 1]}
            isUnread={item.id === unreadFrom}
            isTarget={item.id === target}
            unread={c.unreadCount}
          >
            {"note" in item ? (
              <NoteLine note={item.note} />
            ) : "happening" in item ? (
              <Happened happening={item.happening} />
            ) : (
              <Bubble
                m={item.message}
                isFirst={!isGrouped(inSight[n - 1], item)}
                onQuote={onQuote}
                quote={quotedIn(chat, item.message)}
              />
            )}
          </Placed>
        ))}
        {waiting.map((entry: Entry) => (
          <Waiting key={entry.key} entry={entry} />
        ))}
        <Planned id={id} onChange={onChange} />
        <Typing id={id} />
      </div>
      <Spoken c={c} last={chat.messages.findLast((m) => m.direction === "INBOUND")} />
      {(newer > 0 || chat.hasNewer) && (
        <button type="button" class="to-end" onClick={() => void toEnd()}>
          ↓ {newer > 0 && !chat.hasNewer ? t().chat.toEnd(newer) : t().inbox.toNewest}
        </button>
      )}
    </div>
  );
}

/** New words of the customer are read out once, politely. */
function Spoken({ c, last }: { c: Conversation; last: Message | undefined }): VNode {
  const [first] = useState(last?.id);
  const isNew = last && last.id !== first;
  return (
    <p class="unseen" aria-live="polite">
      {isNew ? `${customerOf(c)}: ${last.content ?? kindOf(last.type)}` : ""}
    </p>
  );
}

/** Messages in their order, which is the hub's and not that of their times, and between them what has only a time. */
function woven(chat: Chat, happened: readonly Happening[]): Item[] {
  const oldest = chat.older ? chat.messages[0]?.createdAt : undefined;
  const newest = chat.hasNewer ? chat.messages.at(-1)?.createdAt : undefined;
  const others: Item[] = [
    ...chat.notes.map((note) => ({ at: note.createdAt, id: note.id, note })),
    ...happened.map((happening) => ({ at: happening.at, id: happening.id, happening })),
  ];
  const between = others
    .filter((item) => (!oldest || item.at >= oldest) && (!newest || item.at <= newest))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const items: Item[] = [];
  let next = 0;
  for (const message of chat.messages) {
    while (next < between.length && between[next]!.at < message.createdAt) items.push(between[next++]!);
    items.push({ at: message.createdAt, id: message.id, message });
  }
  return [...items, ...between.slice(next)];
}

function firstUnread(messages: readonly Message[], count: number): string | null {
  if (!count) return null;
  const inbound = messages.filter((m) => m.direction === "INBOUND");
  return inbound.at(-count)?.id ?? inbound[0]?.id ?? null;
}

function isGrouped(before: Item | undefined, item: Item): boolean {
  if (!before || !("message" in before) || !("message" in item)) return false;
  const [a, b] = [before.message, item.message];
  return (
    a.direction === b.direction &&
    a.senderId === b.senderId &&
    a.isBot === b.isBot &&
    isSameGroup(a.createdAt, b.createdAt)
  );
}

function quotedIn(chat: Chat, message: Message): string | null {
  const quoted = message.replyTo;
  if (!quoted) return null;
  const known = chat.messages.find(
    (m) =>
      m.id === quoted.id || (quoted.whatsappMessageId !== null && m.whatsappMessageId === quoted.whatsappMessageId),
  );
  return quoted.preview ?? known?.content ?? (known ? kindOf(known.type) : t().chat.quoteUnknown);
}

interface PlacedProps {
  item: Item;
  before: Item | undefined;
  isUnread: boolean;
  isTarget: boolean;
  unread: number;
  children: ComponentChildren;
}

function Placed({ item, before, isUnread, isTarget, children }: PlacedProps): VNode {
  const isNewDay = !before || !isSameDay(before.at, item.at);
  return (
    <>
      {isNewDay && (
        <p class="day">
          <span>{dayOf(item.at)}</span>
        </p>
      )}
      {isUnread && (
        <p class="unread-line">
          <span>{t().chat.new}</span>
        </p>
      )}
      {isTarget ? <div class="hit-here">{children}</div> : children}
    </>
  );
}

function NoteLine({ note }: { note: NoteView }): VNode {
  return (
    <article class="note-line">
      <NoteText note={note} />
      <footer>
        {note.userId === me.value?.id ? t().chat.ownNote : t().chat.noteBy(nameOf(note.userId) || t().chat.program)} ·{" "}
        {note.editedAt && `${t().chat.edited} · `}
        {timeOf(note.createdAt)}
      </footer>
      <NoteTools note={note} />
    </article>
  );
}

function Typing({ id }: { id: string }): VNode | null {
  const who = [...(hearing.typing.value.get(id)?.keys() ?? [])];
  if (!who.length) return null;
  return (
    <p class="typing-line">
      {who.map((one) => (one === "customer" ? t().chat.customerTypes : t().chat.types(nameOf(one)))).join(" · ")}
    </p>
  );
}

/** Whether the customer's last message is in sight, whatever the bot or a colleague said below it. */
function isInSight(frame: HTMLElement | null): boolean {
  const last = [...(frame?.querySelectorAll(".bubble.in") ?? [])].at(-1);
  return !!last && !!frame && last.getBoundingClientRect().bottom <= frame.getBoundingClientRect().bottom + NEAR_END_PX;
}

/** Reading shows the customer blue ticks: only what is one's own, or has no owner, and in sight for a second, is marked. */
function useMarkRead(c: Conversation, isSeen: () => boolean): void {
  const seen = useRef(isSeen);
  seen.current = isSeen;
  const isMine = c.assignedUserId === null || c.assignedUserId === me.value?.id;
  useEffect(() => {
    if (!c.unreadCount || !isMine) return;
    const timer = setInterval(() => {
      if (!document.hasFocus() || !seen.current()) return;
      clearInterval(timer);
      void handling.markRead(c.id);
    }, SEEN_AFTER_MS);
    return () => clearInterval(timer);
  }, [c.id, c.unreadCount, isMine]);
}
