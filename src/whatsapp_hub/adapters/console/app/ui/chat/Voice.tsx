import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { oggOf } from "../../adapters/ogg.ts";
import { canRecord, type Recording, record } from "../../adapters/recorder.ts";
import { t } from "../../state/i18n.ts";
import { say } from "../../state/toasts.ts";
import { Button, IconButton } from "../kit/controls.tsx";
import { onKey } from "../shell/keys.tsx";

const LOOK_MS = 120;
const MOST_S = 15 * 60;

/** Record a voice message: it is heard before it is sent. `onVoice` takes the file. */
export function Voice({ onVoice }: { onVoice: (file: File) => void }): VNode | null {
  const recording = useRef<Recording | null>(null);
  const state = useSignal<"idle" | "asking" | "on" | "ending">("idle");
  const seconds = useSignal(0);
  const level = useSignal(0);
  useEffect(() => () => recording.current?.cancel(), []);
  useEffect(() => {
    if (state.value !== "on") return;
    const began = Date.now();
    const timer = setInterval(() => {
      seconds.value = Math.floor((Date.now() - began) / 1000);
      level.value = recording.current?.level() ?? 0;
      if (seconds.value >= MOST_S) void end();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [state.value]);

  const begin = async (): Promise<void> => {
    if (state.value !== "idle") return;
    state.value = "asking";
    try {
      recording.current = await record();
      seconds.value = 0;
      state.value = "on";
    } catch (error) {
      state.value = "idle";
      say(
        error instanceof DOMException && error.name === "NotFoundError"
          ? t().inbox.noMicrophone
          : t().inbox.microphoneOff,
        "danger",
      );
    }
  };
  const end = async (): Promise<void> => {
    if (state.value !== "on" || !recording.current) return;
    state.value = "ending";
    try {
      onVoice(await oggOf(await recording.current.stop()));
    } catch {
      say(t().inbox.notRecorded, "danger");
    }
    recording.current = null;
    state.value = "idle";
  };
  const drop = (): void => {
    recording.current?.cancel();
    recording.current = null;
    state.value = "idle";
  };
  useEffect(() => onKey("voice", () => void (state.value === "on" ? end() : begin())), []);

  if (!canRecord()) return null;
  if (state.value !== "on") {
    return (
      <IconButton icon="mic" label={t().inbox.record} disabled={state.value !== "idle"} onClick={() => void begin()} />
    );
  }
  return (
    <div class="recording" role="group" aria-label={t().inbox.recording}>
      <meter min={0} max={1} value={level.value} aria-hidden="true" />
      <span role="timer">
        {Math.floor(seconds.value / 60)}:{String(seconds.value % 60).padStart(2, "0")}
      </span>
      <Button small icon="check" onClick={() => void end()}>
        {t().inbox.endRecording}
      </Button>
      <IconButton icon="trash" label={t().inbox.dropRecording} onClick={drop} />
    </div>
  );
}
