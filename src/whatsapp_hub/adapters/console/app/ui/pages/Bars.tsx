import type { VNode } from "preact";
import { numberOf } from "../../state/i18n.ts";

/** Bars with their figures: a description list, so that it is its own table for who does not see it. */
export function Bars({ label, bars }: { label: string; bars: readonly { label: string; value: number }[] }): VNode {
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  return (
    <dl class="bars" aria-label={label}>
      {bars.map((bar) => (
        <div key={bar.label}>
          <dt>{bar.label}</dt>
          <dd>
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <rect width={bar.value && Math.max(0.4, (bar.value / most) * 100)} height="10" rx="0.6" />
            </svg>
            <span>{numberOf(bar.value)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
