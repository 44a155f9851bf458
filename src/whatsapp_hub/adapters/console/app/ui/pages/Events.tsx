import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { EVENT_TYPES } from "../../core/eventTypes.ts";
import type { EventView } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { momentOf, numberOf, t } from "../../state/i18n.ts";
import { connection } from "../../state/painting.ts";
import { complain } from "../../state/toasts.ts";
import { Empty } from "../kit/bits.tsx";
import { Button, Select } from "../kit/controls.tsx";
import { CopyButton, PageHead } from "./parts.tsx";

/** So many positions before the present one the log is read from, and so many events are kept on the page. */
const BACK = 500;
const KEPT = 300;
const PAGE = 100;
const SHORT_PAGES = 20;
const NEWEST = 2 ** 52;

/** The log as it grows: what happens in the company, the newest first. */
export default function Events(): VNode {
  const [events, setEvents] = useState<readonly EventView[]>([]);
  const [kind, setKind] = useState("");
  const [isPaused, setPaused] = useState(false);
  const [isAway, setAway] = useState(false);
  const waiting = useRef<EventView[]>([]);
  const [count, setCount] = useState(0);
  const [older, setOlder] = useState<readonly EventView[]>([]);
  const [from, setFrom] = useState<number | null>(NEWEST);
  const [isReading, setReading] = useState(false);
  const paused = useRef(false);
  paused.current = isPaused;
  const show = (): void => {
    const arrived = waiting.current.splice(0).reverse();
    setCount(0);
    // what was read further back stays joined to it: nothing between them is dropped
    setEvents((before) => [...arrived, ...before].slice(0, older.length ? undefined : KEPT));
  };
  /** Read on towards the beginning; pages without an event of the wanted type are passed over. */
  const readOlder = async (): Promise<void> => {
    setReading(true);
    const last = older.at(-1) ?? events.at(-1);
    let before = from === NEWEST && last ? last.position : (from ?? 0);
    try {
      for (let n = 0; n < SHORT_PAGES; n++) {
        const answer = await api.get<EventView[]>("/api/events", { before, types: kind, limit: PAGE });
        setFrom(answer.next === null ? null : Number(answer.next));
        if (answer.data.length) setOlder((known) => [...known, ...answer.data]);
        if (answer.next === null || answer.data.length) break;
        before = Number(answer.next);
      }
    } catch (error) {
      complain(error);
    }
    setReading(false);
  };
  useEffect(() => {
    setOlder([]);
    setFrom(NEWEST);
    const after = Math.max(0, connection.value.position - BACK);
    const stream = new EventSource(api.address(`/api/events/stream?after=${after}${kind ? `&types=${kind}` : ""}`));
    const take = (message: MessageEvent<string>): void => {
      waiting.current.push(JSON.parse(message.data));
      if (waiting.current.length > KEPT) waiting.current.shift();
      if (paused.current) setCount(waiting.current.length);
    };
    for (const type of EVENT_TYPES) stream.addEventListener(type, take);
    stream.onopen = () => setAway(false);
    stream.onerror = () => setAway(true);
    const painting = setInterval(() => waiting.current.length && !paused.current && show(), 200);
    return () => {
      stream.close();
      clearInterval(painting);
      waiting.current = [];
      setEvents([]);
    };
  }, [kind]);
  const pause = (): void => {
    if (isPaused) show();
    setPaused(!isPaused);
  };
  return (
    <>
      <PageHead title={t().rail.events} more={t().events.more}>
        <Select
          label={t().events.kind}
          hideLabel
          value={kind}
          options={[
            { value: "", label: t().events.allKinds },
            ...EVENT_TYPES.map((type) => ({ value: type, label: type })),
          ]}
          onChange={setKind}
        />
        <Button icon={isPaused ? "play" : "stop"} onClick={pause}>
          {isPaused ? t().events.goOn : t().events.pause}
        </Button>
      </PageHead>
      {isAway && <p class="card-warning">{t().events.away}</p>}
      {isPaused && count > 0 && <p class="hint">{t().events.waiting(numberOf(count))}</p>}
      {!events.length && !older.length && <Empty icon="audit" title={t().events.none} />}
      <ol class="audit">
        {[...events, ...older].map((event) => (
          <li key={event.id}>
            <Line event={event} />
          </li>
        ))}
      </ol>
      {from !== null && (
        <p class="page-more">
          <Button disabled={isReading} onClick={() => void readOlder()}>
            {t().common.moreOf}
          </Button>
        </p>
      )}
      {from === null && <p class="timeline-begin">{t().logbook.begin}</p>}
    </>
  );
}

function Line({ event }: { event: EventView }): VNode {
  const [isOpen, setOpen] = useState(false);
  const number = event.sessionId && directory.sessionById.value.get(event.sessionId)?.name;
  return (
    <details onToggle={(toggled) => setOpen(toggled.currentTarget.open)}>
      <summary>
        <time>{momentOf(event.occurredAt)}</time>
        <b>{event.type}</b>
        <small>
          {event.position}
          {number && ` · ${number}`}
        </small>
      </summary>
      {isOpen && (
        <>
          <p class="hint">
            <CopyButton text={() => JSON.stringify(event, null, 2)} label={t().events.copy} />
          </p>
          <pre class="json">{JSON.stringify(event, null, 2)}</pre>
        </>
      )}
    </details>
  );
}
