import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Message } from "../../core/entities.ts";
import { nameOf } from "../../state/directory.ts";
import * as handling from "../../state/handling.ts";
import { kindOf, momentOf, t, timeOf } from "../../state/i18n.ts";
import { may, me } from "../../state/session.ts";
import { Formatted } from "../kit/Formatted.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu } from "../kit/overlays.tsx";
import { Change, type Changing, changesOf } from "./Change.tsx";
import { Content } from "./Content.tsx";

const EMOJIS = ["👍", "❤️", "😂", "😮", "😢", "🙏"] as const;
const FOLDED_LINES = 12;
const FOLDED_LENGTH = 900;

interface BubbleProps {
  m: Message;
  isFirst: boolean;
  onQuote: (id: string) => void;
  quote: string | null;
}

/** One message: what it says, from whom, when, and what became of it. A message that has not changed is not drawn again. */
export function Bubble({ m, isFirst, onQuote, quote }: BubbleProps): VNode {
  return useMemo(() => <Drawn m={m} isFirst={isFirst} onQuote={onQuote} quote={quote} />, [m, isFirst, onQuote, quote]);
}

function Drawn(props: BubbleProps): VNode {
  const { m } = props;
  if (m.type === "SYSTEM" || m.type === ("CALL" as string)) {
    return (
      <p class="system-line">
        <Icon name={m.type === "SYSTEM" ? "info" : "phone"} size="tiny" />
        {m.content ?? kindOf(m.type)} · {timeOf(m.createdAt)}
      </p>
    );
  }
  return <Said {...props} />;
}

function Said({ m, isFirst, onQuote, quote }: BubbleProps): VNode {
  const [changing, setChanging] = useState<Changing>(null);
  const changes = changesOf(m, setChanging);
  const side = m.direction === "INBOUND" ? "in" : m.isBot ? "out bot" : "out";
  const author =
    m.direction === "INBOUND"
      ? (m.author?.name ?? "")
      : m.isBot
        ? t().list.bot
        : m.senderId
          ? m.senderId === me.value?.id
            ? t().chat.you
            : nameOf(m.senderId)
          : t().chat.fromPhone;
  return (
    <article
      class={`bubble ${side} ${isFirst ? "first" : ""}`}
      aria-label={`${author || t().chat.customer}, ${momentOf(m.createdAt)}`}
    >
      {isFirst && author && m.direction === "OUTBOUND" && m.senderId !== me.value?.id && <header>{author}</header>}
      {isFirst && author && m.direction === "INBOUND" && <header dir="auto">{author}</header>}
      {m.forwarded && (
        <p class="forwarded">
          <Icon name="reply" size="tiny" /> {t().chat.forwarded}
        </p>
      )}
      {quote !== null && <blockquote dir="auto">{quote}</blockquote>}
      {m.revokedAt ? <p class="revoked">{t().chat.revoked}</p> : <Body m={m} />}
      <footer>
        {m.editedAt && !m.revokedAt && <span>{t().chat.edited} · </span>}
        <time dateTime={m.timestamp} title={momentOf(m.timestamp)}>
          {timeOf(m.createdAt)}
        </time>
        {m.direction === "OUTBOUND" && <Ticks m={m} />}
      </footer>
      {!!m.reactions?.length && (
        <p class="reactions">
          {m.reactions.map((one, n) => (
            <span key={n}>{one.emoji}</span>
          ))}
        </p>
      )}
      {changing && <Change m={m} how={changing} onClose={() => setChanging(null)} />}
      <Fate m={m} />
      {may("work-conversations") && m.whatsappMessageId && !m.revokedAt && (
        <span class="bubble-tools">
          <button type="button" aria-label={t().chat.quote} title={t().chat.quote} onClick={() => onQuote(m.id)}>
            <Icon name="reply" size="tiny" />
          </button>
          <Menu
            label={t().chat.react}
            className="react"
            items={EMOJIS.map((emoji) => ({ label: emoji, run: () => void handling.react(m, emoji) }))}
          >
            <Icon name="smile" size="tiny" />
          </Menu>
          {changes.length > 0 && (
            <Menu label={t().chat.more} items={changes}>
              <Icon name="more" size="tiny" />
            </Menu>
          )}
        </span>
      )}
    </article>
  );
}

function Body({ m }: { m: Message }): VNode {
  return (
    <>
      <Content m={m} />
      {m.content && <Text text={m.content} />}
    </>
  );
}

/** A long text is folded after twelve lines. */
function Text({ text }: { text: string }): VNode {
  const [isWhole, setWhole] = useState(false);
  const lines = text.split("\n");
  const isLong = lines.length > FOLDED_LINES + 2 || text.length > FOLDED_LENGTH;
  const shown = isLong && !isWhole ? lines.slice(0, FOLDED_LINES).join("\n").slice(0, FOLDED_LENGTH) : text;
  return (
    <>
      <p class="text" dir="auto">
        <Formatted text={shown} />
        {isLong && !isWhole && "…"}
      </p>
      {isLong && (
        <button type="button" class="fold" onClick={() => setWhole(!isWhole)}>
          {isWhole ? t().chat.less : t().chat.more}
        </button>
      )}
    </>
  );
}

function Ticks({ m }: { m: Message }): VNode {
  const icon = { PENDING: "clock", SENT: "check", DELIVERED: "checks", READ: "checks", FAILED: "alert" } as const;
  const words = m.outcome === "unknown" ? t().ticks.unknown : t().ticks[m.status];
  return (
    <span class={`ticks ${m.outcome ? "unknown" : m.status.toLowerCase()}`} title={words}>
      <Icon name={m.outcome === "unknown" ? "help" : icon[m.status]} size="tiny" />
      <span class="unseen">{words}</span>
    </span>
  );
}

/** What went wrong, and what one can do. */
function Fate({ m }: { m: Message }): VNode | null {
  if (m.outcome === "unknown") {
    return (
      <div class="fate unknown">
        <p>{t().chat.unknownMore}</p>
        {may("settle-messages") ? (
          <p>
            <button type="button" onClick={() => void handling.settle(m.id, "retry")}>
              {t().chat.retry}
            </button>
            <button type="button" onClick={() => void handling.settle(m.id, "fail")}>
              {t().chat.giveUp}
            </button>
          </p>
        ) : (
          <p>{t().chat.askSupervisor}</p>
        )}
      </div>
    );
  }
  if (m.status !== "FAILED") return null;
  return (
    <div class="fate">
      <p>
        {t().chat.failed}: {m.error?.detail ?? m.error?.title ?? t().problem.other}
      </p>
      {may("work-conversations") && (
        <button type="button" onClick={() => void handling.sendAgain(m.id)}>
          {t().chat.sendAgain}
        </button>
      )}
    </div>
  );
}
