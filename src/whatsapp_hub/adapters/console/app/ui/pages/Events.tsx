import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { EVENT_TYPES } from "../../core/eventTypes.ts";
import type { EventView } from "../../core/schema.ts";
import * as desk from "../../state/desk.ts";
import * as directory from "../../state/directory.ts";
import { momentOf, numberOf, t } from "../../state/i18n.ts";
import { Empty } from "../kit/bits.tsx";
import { Button, Select } from "../kit/controls.tsx";
import { CopyButton, PageHead } from "./parts.tsx";

/** So many positions before the present one the log is read from, and so many events are kept on the page. */
const BACK = 500;
const KEPT = 300;

/** The log as it grows: what happens in the company, the newest first. */
export default function Events(): VNode {
  const [events, setEvents] = useState<readonly EventView[]>([]);
  const [kind, setKind] = useState("");
  const [isPaused, setPaused] = useState(false);
  const [isAway, setAway] = useState(false);
  const waiting = useRef<EventView[]>([]);
  const [count, setCount] = useState(0);
  const paused = useRef(false);
  paused.current = isPaused;
  const show = (): void => {
    const arrived = waiting.current.splice(0).reverse();
    setCount(0);
    setEvents((before) => [...arrived, ...before].slice(0, KEPT));
  };
  useEffect(() => {
    const after = Math.max(0, desk.connection.value.position - BACK);
    const stream = new EventSource(`/api/events/stream?after=${after}${kind ? `&types=${kind}` : ""}`);
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
      {!events.length && <Empty icon="audit" title={t().events.none} />}
      <ol class="audit">
        {events.map((event) => (
          <li key={event.id}>
            <Line event={event} />
          </li>
        ))}
      </ol>
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
