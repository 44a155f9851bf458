import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { numberOf, t } from "../../state/i18n.ts";

const SPEEDS = [1, 1.5, 2] as const;
/** How fast all of them are played; it stays from one to the next. */
const speed = signal<number>(1);

/** A sound, or a voice message, played at the usual speed, half as fast again, or twice as fast. */
export function Sound({ address }: { address: string }): VNode {
  const audio = useRef<HTMLAudioElement>(null);
  const rate = speed.value;
  useEffect(() => {
    // what is loaded later begins at the default
    audio.current!.defaultPlaybackRate = rate;
    audio.current!.playbackRate = rate;
  }, [rate]);
  const next = SPEEDS[(SPEEDS.indexOf(rate as 1) + 1) % SPEEDS.length]!;
  return (
    <span class="sound">
      {/* biome-ignore lint/a11y/useMediaCaption: a voice message has none */}
      <audio ref={audio} class="voice" controls preload="none" src={address} />
      <button
        type="button"
        aria-label={t().inbox.speed(numberOf(rate, 1))}
        title={t().inbox.speed(numberOf(rate, 1))}
        onClick={() => (speed.value = next)}
      >
        {numberOf(rate, 1)}×
      </button>
    </span>
  );
}
