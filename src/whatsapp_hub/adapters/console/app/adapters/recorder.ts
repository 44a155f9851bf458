// The microphone: recorded until it is ended, with a level for the eye.

const TYPES = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4;codecs=opus"] as const;
const BITS_PER_SECOND = 32_000;

export interface Recording {
  /** How loud it is now, from 0 to 1. */
  level(): number;
  /** End it, and return what was said. */
  stop(): Promise<Blob>;
  /** End it and forget it. */
  cancel(): void;
}

/** Whether this browser can record what WhatsApp takes. */
export function canRecord(): boolean {
  return (
    "MediaRecorder" in window && Boolean(navigator.mediaDevices) && TYPES.some((t) => MediaRecorder.isTypeSupported(t))
  );
}

/** Begin to record. Throws DOMException `NotAllowedError` where the person, or the page's address, does not allow it. */
export async function record(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true } });
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_SECOND });
  const parts: Blob[] = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const context = new AudioContext();
  const meter = context.createAnalyser();
  meter.fftSize = 256;
  context.createMediaStreamSource(stream).connect(meter);
  const samples = new Uint8Array(meter.fftSize);
  recorder.start(250);
  const end = (): void => {
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  };
  return {
    level() {
      meter.getByteTimeDomainData(samples);
      return Math.max(...samples.map((one) => Math.abs(one - 128))) / 128;
    },
    stop: () =>
      new Promise((resolve) => {
        recorder.onstop = () => {
          end();
          resolve(new Blob(parts, { type: recorder.mimeType }));
        };
        recorder.stop();
      }),
    cancel() {
      recorder.onstop = null;
      if (recorder.state !== "inactive") recorder.stop();
      end();
    },
  };
}
