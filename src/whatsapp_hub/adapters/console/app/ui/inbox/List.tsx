import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { type Asked, changed, type Kept, kept } from "../../core/kept.ts";
import type { Sort } from "../../core/order.ts";
import { UNFILTERED, VIEWS, type View, WINDOWS } from "../../core/views.ts";
import * as desk from "../../state/desk.ts";
import { departments, labels, sessions } from "../../state/directory.ts";
import { numberOf, t } from "../../state/i18n.ts";
import { addressOf, begin, choice, choose, openId, phoneShown } from "../../state/inbox.ts";
import * as listing from "../../state/listing.ts";
import { customerOf } from "../../state/names.ts";
import * as painting from "../../state/painting.ts";
import { go } from "../../state/route.ts";
import * as selecting from "../../state/selecting.ts";
import { may } from "../../state/session.ts";
import { settings } from "../../state/settings.ts";
import { complain } from "../../state/toasts.ts";
import { Empty, Skeletons } from "../kit/bits.tsx";
import { Button, IconButton } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu, type MenuItem } from "../kit/overlays.tsx";
import { onKey } from "../shell/keys.tsx";
import { Bulk } from "./Bulk.tsx";
import { RowLink } from "./Row.tsx";
import { SavedViewDialogs, savedViewItems } from "./SavedViews.tsx";

const SEARCH_PAUSE_MS = 250;
const STILL_MS = 3_000;
const OVERSCAN = 8;
const LABELS_OFFERED = 12;
const WHOLE_EVERY_MS = 5_000;

/** The conversations of one view. Their order waits while the pointer moves over them, or while one walks by keys. */
export function List(): VNode {
  const shown = choice.value;
  painting.revision.value;
  const upTo = listing.horizon(shown);
  const ids = useIds({ choice: shown, reader: painting.reader.value, upTo });
  const frozen = useSignal<readonly string[] | null>(null);
  const still = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const current = frozen.value ?? ids;
  const moved = frozen.value ? differences(frozen.value, ids) : 0;
  const more = useCallback(() => void listing.more(shown).catch(complain), [shown]);

  useEffect(() => {
    frozen.value = null;
    selecting.clear();
  }, [shown]);
  useEffect(() => {
    if (!painting.isLoaded.value || listing.isKnown(shown)) return;
    const timer = setTimeout(() => void listing.begin(shown).catch(complain), shown.search ? SEARCH_PAUSE_MS : 0);
    return () => clearTimeout(timer);
  }, [shown, painting.isLoaded.value, desk.isWhole.value]);

  const hold = (): void => {
    if (ids.length) frozen.value ??= ids;
    clearTimeout(still.current);
    still.current = setTimeout(() => (frozen.value = null), STILL_MS);
  };
  const walk = (step: number): void => {
    hold();
    const order = frozen.value ?? ids;
    const at = openId.value ? order.indexOf(openId.value) : -1;
    const next = order[Math.max(0, Math.min(order.length - 1, at + step))];
    if (next) go(addressOf(next), { replace: openId.value !== null });
  };
  const extend = (step: number): void => {
    const from = openId.value;
    walk(step);
    if (from && openId.value && may("work-conversations")) selecting.extend(from, openId.value);
  };
  useEffect(() => onKey("j", () => walk(1)));
  useEffect(() => onKey("k", () => walk(-1)));
  useEffect(() => {
    const off = [onKey("Shift j", () => extend(1)), onKey("Shift k", () => extend(-1))];
    return () => off.forEach((one) => one());
  });
  useEffect(() => onKey("o", () => (frozen.value = null)), []);

  return (
    <section class={`list ${selecting.selected.value.size ? "choosing" : ""}`} aria-label={t().list.label}>
      <Head />
      <Bulk list={current} />
      <div
        class="rows-frame"
        onPointerMove={(event) => event.pointerType === "mouse" && hold()}
        onPointerLeave={() => (frozen.value = null)}
      >
        {!painting.isLoaded.value ? (
          desk.loadProblem.value ? (
            <Empty icon="warning" title={t().problem.other} />
          ) : (
            <Skeletons rows={9} height={56} />
          )
        ) : current.length ? (
          <Rows ids={current} more={upTo || shown.view === "resolved" ? more : undefined} />
        ) : (
          <NothingHere />
        )}
        {moved > 0 && (
          <button type="button" class="changed" onClick={() => (frozen.value = null)}>
            {t().list.changed(moved)} <kbd>O</kbd>
          </button>
        )}
      </div>
    </section>
  );
}

/** The rows in order: after a change only what changed is looked at, and now and then all, since some go with time. */
function useIds(asked: Asked): readonly string[] {
  const last = useRef<{ list: Kept; revision: number; wholeAt: number } | null>(null);
  const { choice, reader, upTo } = asked;
  return useMemo(() => {
    const before = last.current;
    const now = Date.now();
    const isSame = before?.list.choice === choice && before.list.reader === reader && before.list.upTo === upTo;
    const some = isSame && now - before.wholeAt < WHOLE_EVERY_MS ? painting.changedSince(before.revision) : null;
    const list =
      before && some ? changed(before.list, some, painting.conversationAt) : kept(painting.conversations(), asked);
    last.current = { list, revision: painting.revision.value, wholeAt: before && some ? before.wholeAt : now };
    return list.ids;
  }, [painting.revision.value, choice, reader, upTo]);
}

function differences(before: readonly string[], after: readonly string[]): number {
  const places = new Map(before.map((id, n) => [id, n]));
  return after.reduce((sum, id, n) => sum + (places.get(id) === n ? 0 : places.has(id) && n > 0 ? 0 : 1), 0);
}

function Head(): VNode {
  const shown = choice.value;
  const counts = listing.counts.value;
  const many = (n: number): string => (listing.isCutShort.value ? `${numberOf(n)}+` : numberOf(n));
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => onKey("/", () => search.current?.focus()), []);
  useEffect(() => {
    const off = VIEWS.map((view, n) => onKey(String(n + 1), () => choose({ view })));
    return () => off.forEach((one) => one());
  }, []);
  const views: MenuItem[] = VIEWS.map((view) => ({
    label: t().list.views[view],
    hint: view === "resolved" ? "" : many(counts[view]),
    checked: view === shown.view,
    run: () => choose({ view }),
  }));
  const sorts: (MenuItem | "line")[] = (["newest", "waiting", "due", "priority"] as Sort[]).map((sort) => ({
    label: t().list.sorts[sort],
    checked: sort === shown.sort,
    run: () => choose({ sort }),
  }));
  return (
    <header class="list-head">
      <div class="list-views" role="toolbar" aria-label={t().list.viewsLabel}>
        {(["mine", "waiting", "unassigned", "all"] as View[]).map((view) => (
          <button key={view} type="button" aria-pressed={view === shown.view} onClick={() => choose({ view })}>
            {t().list.short[view as "mine"]} <span>{many(counts[view])}</span>
          </button>
        ))}
        <Menu icon="down" label={t().list.viewsLabel} items={[...views, ...savedViewItems()]} />
      </div>
      <div class="list-search">
        <label>
          <Icon name="search" />
          <span class="unseen">{t().list.search}</span>
          <input
            ref={search}
            type="search"
            placeholder={t().list.search}
            value={shown.search}
            onInput={(event) => choose({ search: event.currentTarget.value })}
          />
        </label>
        <Menu icon="filter" label={t().list.sortsLabel} items={[...sorts, "line", ...filters()]} />
        {may("start-conversations") && <IconButton icon="new" label={t().start.title} onClick={() => begin()} />}
      </div>
      {shown.search.trim().length > 1 && (
        <button type="button" class="to-search" onClick={() => choose({ find: shown.search.trim(), search: "" })}>
          <Icon name="search" size="tiny" />
          {t().inbox.searchFor(shown.search.trim())}
        </button>
      )}
      <Chips />
      <SavedViewDialogs />
    </header>
  );
}

function filters(): (MenuItem | "line")[] {
  const { departmentId, sessionId, breached, unread, window, priority, label } = choice.value;
  const states: MenuItem[] = [
    { label: t().list.late, checked: breached, run: () => choose({ breached: !breached }) },
    { label: t().inbox.unread, checked: unread, run: () => choose({ unread: !unread }) },
    ...WINDOWS.map((one) => ({
      label: t().inbox.window[one],
      checked: one === window,
      run: () => choose({ window: one === window ? null : one }),
    })),
  ];
  const byPriority = (["URGENT", "HIGH"] as const).map((one) => ({
    label: t().priority[one],
    icon: <Icon name="flag" size="tiny" />,
    checked: one === priority,
    run: () => choose({ priority: one === priority ? null : one }),
  }));
  const byLabel = labels.value.slice(0, LABELS_OFFERED).map((one) => ({
    label: one,
    icon: <Icon name="tag" size="tiny" />,
    checked: one === label,
    run: () => choose({ label: one === label ? null : one }),
  }));
  const byDepartment = departments.value.map((d) => ({
    label: d.name,
    icon: <Icon name="building" size="tiny" />,
    checked: d.id === departmentId,
    run: () => choose({ departmentId: d.id === departmentId ? null : d.id }),
  }));
  const byNumber = sessions.value.map((s) => ({
    label: s.name,
    icon: <Icon name="number" size="tiny" />,
    checked: s.id === sessionId,
    run: () => choose({ sessionId: s.id === sessionId ? null : s.id }),
  }));
  return [
    ...states,
    ...byPriority,
    ...(byDepartment.length ? ["line" as const, ...byDepartment] : []),
    ...(byNumber.length > 1 ? ["line" as const, ...byNumber] : []),
    ...(byLabel.length ? ["line" as const, ...byLabel] : []),
  ];
}

function Chips(): VNode | null {
  const { view, departmentId, sessionId, breached, label, sort, unread, window, priority } = choice.value;
  const inMore = !["mine", "waiting", "unassigned", "all"].includes(view);
  const chips: [string, () => void][] = [];
  if (inMore) chips.push([t().list.views[view], () => choose({ view: "all" })]);
  if (sort !== "newest") chips.push([t().list.sorts[sort], () => choose({ sort: "newest" })]);
  if (departmentId)
    chips.push([
      departments.value.find((d) => d.id === departmentId)?.name ?? "…",
      () => choose({ departmentId: null }),
    ]);
  if (sessionId)
    chips.push([sessions.value.find((s) => s.id === sessionId)?.name ?? "…", () => choose({ sessionId: null })]);
  if (label) chips.push([label, () => choose({ label: null })]);
  if (priority) chips.push([t().priority[priority], () => choose({ priority: null })]);
  if (window) chips.push([t().inbox.window[window], () => choose({ window: null })]);
  if (unread) chips.push([t().inbox.unread, () => choose({ unread: false })]);
  if (breached) chips.push([t().list.late, () => choose({ breached: false })]);
  if (!chips.length) return null;
  return (
    <div class="list-chips">
      {chips.map(([text, clear]) => (
        <button key={text} type="button" class="chip info" onClick={clear} aria-label={t().list.clear(text)}>
          {text} <Icon name="close" size="tiny" />
        </button>
      ))}
    </div>
  );
}

/** Rows of one height: only those in sight are in the document. */
function Rows({ ids, more }: { ids: readonly string[]; more?: () => void }): VNode {
  const frame = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, height: 800 });
  const isCoarse = window.matchMedia("(pointer: coarse)").matches;
  const height = settings.value.density === "compact" && !isCoarse ? 52 : 68;
  useEffect(() => {
    const element = frame.current!;
    const look = (): void => {
      view.value = { top: element.scrollTop, height: element.clientHeight };
      if (more && element.scrollTop + element.clientHeight * 2 > element.scrollHeight) more();
    };
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [more]);
  useEffect(() => {
    const at = openId.value ? ids.indexOf(openId.value) : -1;
    const element = frame.current!;
    if (at < 0) return;
    if (at * height < element.scrollTop) element.scrollTop = at * height;
    else if ((at + 1) * height > element.scrollTop + element.clientHeight)
      element.scrollTop = (at + 1) * height - element.clientHeight;
  }, [openId.value]);
  const first = Math.max(0, Math.floor(view.value.top / height) - OVERSCAN);
  const last = Math.min(ids.length, Math.ceil((view.value.top + view.value.height) / height) + OVERSCAN);
  return (
    <div class="rows" ref={frame}>
      <ul style={{ height: ids.length * height }}>
        {ids.slice(first, last).map((id, n) => (
          <li
            key={id}
            style={{ height, transform: `translateY(${(first + n) * height}px)` }}
            aria-setsize={ids.length}
            aria-posinset={first + n + 1}
          >
            <RowLink id={id} />
            {may("work-conversations") && <Check id={id} ids={ids} />}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Chooses a conversation for what is done with several; Shift: all from the one that was chosen before. */
function Check({ id, ids }: { id: string; ids: readonly string[] }): VNode {
  const c = painting.rowOf(id).value;
  return (
    <input
      type="checkbox"
      class="row-check"
      aria-label={t().inbox.choose(c ? customerOf(c) : "")}
      checked={selecting.selected.value.has(id)}
      onClick={(event) => selecting.choose(id, ids, event.shiftKey)}
    />
  );
}

function NothingHere(): VNode {
  const shown = choice.value;
  const isFiltered = JSON.stringify({ ...shown, ...UNFILTERED }) !== JSON.stringify(shown);
  if (isFiltered) {
    return (
      <Empty icon="search" title={t().list.nothingFound}>
        <Button small onClick={() => choose(UNFILTERED)}>
          {t().list.clearAll}
        </Button>
        {listing.goesOn(shown) && (
          <Button small onClick={() => void listing.more(shown).catch(complain)}>
            {t().inbox.further}
          </Button>
        )}
      </Empty>
    );
  }
  const canPlay = may("use-sandbox") && sessions.value.some((s) => s.provider === "SANDBOX") && !phoneShown.value;
  return (
    <Empty icon="done" title={t().list.empty[shown.view]}>
      {canPlay && shown.view === "all" && (
        <Button small icon="number" onClick={() => (phoneShown.value = true)}>
          {t().phone.play}
        </Button>
      )}
    </Empty>
  );
}
