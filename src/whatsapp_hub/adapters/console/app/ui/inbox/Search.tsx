import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { pieces } from "../../core/found.ts";
import type { MessageView } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import * as chats from "../../state/chats.ts";
import { momentOf, shortOf, t } from "../../state/i18n.ts";
import { addressOf, choice, choose, wanted } from "../../state/inbox.ts";
import { customerOf } from "../../state/names.ts";
import * as painting from "../../state/painting.ts";
import { complain } from "../../state/toasts.ts";
import { Empty, Skeletons } from "../kit/bits.tsx";
import { Button, IconButton } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { onKey } from "../shell/keys.tsx";

const PAUSE_MS = 300;
const PAGE = 30;

/** What is found in all messages, in place of the list: it stays while one reads and answers. */
export function Search(): VNode {
  const words = choice.value.find;
  useEffect(() => onKey("Escape", () => choose({ find: "" })), []);
  return (
    <section class="list" aria-label={t().inbox.searchAll}>
      <header class="list-head">
        <div class="list-search">
          <Words words={words} label={t().inbox.searchAll} onWords={(find) => choose({ find: find || " " })} />
          <IconButton icon="close" label={t().common.close} onClick={() => choose({ find: "" })} />
        </div>
      </header>
      <Hits words={words.trim()} />
    </section>
  );
}

interface WordsProps {
  words: string;
  label: string;
  onWords: (words: string) => void;
}

export function Words({ words, label, onWords }: WordsProps): VNode {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <label>
      <Icon name="search" />
      <span class="unseen">{label}</span>
      <input
        type="search"
        ref={input}
        maxLength={200}
        placeholder={label}
        value={words.trim()}
        onInput={(event) => onWords(event.currentTarget.value)}
      />
    </label>
  );
}

interface Found {
  words: string;
  messages: MessageView[];
  next: string | null;
}

/** Messages with the words, the newest first; a click leads to the message with what was said around it. */
export function Hits({ words, conversationId }: { words: string; conversationId?: string }): VNode | null {
  const [found, setFound] = useState<Found | null>(null);
  const read = async (cursor: string | null, before: MessageView[]): Promise<void> => {
    const query = { query: words, conversationId, limit: PAGE, cursor };
    const { data, next } = await api.get<MessageView[]>("/api/messages/search", query);
    if (!conversationId) for (const message of data) chats.need(message.conversationId);
    setFound({ words, messages: [...before, ...data], next });
  };
  useEffect(() => {
    if (!words) return setFound(null);
    const timer = setTimeout(() => void read(null, []).catch(complain), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [words, conversationId]);
  if (!words) return null;
  if (!found) return <Skeletons rows={4} height={56} />;
  if (!found.messages.length) return <Empty icon="search" title={t().inbox.noHits} />;
  return (
    <div class="hits">
      <ol aria-label={t().inbox.hits}>
        {found.messages.map((message) => (
          <li key={message.id}>
            <Hit m={message} words={found.words} isNamed={!conversationId} />
          </li>
        ))}
      </ol>
      {found.next && (
        <Button small onClick={() => void read(found.next, found.messages).catch(complain)}>
          {t().inbox.further}
        </Button>
      )}
    </div>
  );
}

function Hit({ m, words, isNamed }: { m: MessageView; words: string; isNamed: boolean }): VNode {
  const c = painting.rowOf(m.conversationId).value;
  return (
    <a
      class="hit"
      href={addressOf(m.conversationId, m.id)}
      aria-current={wanted.value === m.id ? "true" : undefined}
      draggable={false}
    >
      <span class="hit-head">
        <b dir="auto">
          {isNamed ? (c ? customerOf(c) : "…") : m.direction === "INBOUND" ? t().chat.customer : t().inbox.ours}
        </b>
        <time dateTime={m.createdAt} title={momentOf(m.createdAt)}>
          {shortOf(m.createdAt)}
        </time>
      </span>
      <span class="hit-text" dir="auto">
        {pieces(m.content ?? "", words).map((piece, n) =>
          piece.isHit ? <mark key={n}>{piece.text}</mark> : <span key={n}>{piece.text}</span>,
        )}
      </span>
    </a>
  );
}
