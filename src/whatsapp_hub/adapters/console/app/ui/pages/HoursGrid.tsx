import type { VNode } from "preact";
import { language, t } from "../../state/i18n.ts";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Week = Partial<Record<(typeof DAYS)[number], [string, string][]>>;

const SPAN = /^([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-4]):([0-5]\d)$/;

function dayName(n: number): string {
  return new Intl.DateTimeFormat(language.value, { weekday: "long", timeZone: "UTC" }).format(
    new Date(Date.UTC(2024, 0, 1 + n)),
  );
}

/** Read `8:00-12:00, 13:00-18:00`; null: it cannot be read. */
export function spansOf(text: string): [string, string][] | null {
  const found: [string, string][] = [];
  for (const part of text
    .split(/[,;]/)
    .map((one) => one.trim())
    .filter(Boolean)) {
    const match = SPAN.exec(part);
    if (!match) return null;
    found.push([`${match[1]!.padStart(2, "0")}:${match[2]}`, `${match[3]!.padStart(2, "0")}:${match[4]}`]);
  }
  return found;
}

interface HoursProps {
  week: Week;
  onChange: (week: Week) => void;
  zone: string;
  wrong: string | undefined;
}

/** The open spans of each day, as text: complete by keyboard, and with as many spans as a day has. */
export function HoursGrid({ week, onChange, zone, wrong }: HoursProps): VNode {
  const set = (day: (typeof DAYS)[number], text: string): void => {
    const spans = spansOf(text);
    if (spans === null) return;
    const { [day]: _, ...others } = week;
    onChange(spans.length ? { ...others, [day]: spans } : others);
  };
  return (
    <fieldset class="hours">
      <legend>
        {t().hours.title} <small>({zone})</small>
      </legend>
      {DAYS.map((day, n) => (
        <label key={day}>
          <span>{dayName(n)}</span>
          <input
            class="input"
            defaultValue={(week[day] ?? []).map(([from, to]) => `${from}-${to}`).join(", ")}
            placeholder={t().hours.closed}
            onChange={(event) => {
              const isGood = spansOf(event.currentTarget.value) !== null;
              event.currentTarget.setAttribute("aria-invalid", String(!isGood));
              set(day, event.currentTarget.value);
            }}
          />
        </label>
      ))}
      <p class="hint">{wrong ?? t().hours.hint}</p>
    </fieldset>
  );
}
