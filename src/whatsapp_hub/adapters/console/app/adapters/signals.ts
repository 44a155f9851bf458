// How the console calls somebody who looks elsewhere: the title, a sound, a notification of the desktop.
let audio: AudioContext | null = null;

/** Play a short two-note chime; a browser allows it only after a click on the page. */
export function chime(volume = 0.5): void {
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") void audio.resume();
    const start = audio.currentTime;
    [660, 880].forEach((frequency, n) => {
      const tone = audio!.createOscillator();
      const gain = audio!.createGain();
      tone.frequency.value = frequency;
      tone.type = "sine";
      gain.gain.setValueAtTime(0, start + n * 0.12);
      gain.gain.linearRampToValueAtTime(volume * 0.25, start + n * 0.12 + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, start + n * 0.12 + 0.4);
      tone.connect(gain).connect(audio!.destination);
      tone.start(start + n * 0.12);
      tone.stop(start + n * 0.12 + 0.45);
    });
  } catch {
    // no sound on this machine
  }
}

export function desktopAllowed(): boolean {
  return "Notification" in window && Notification.permission === "granted";
}

export async function allowDesktop(): Promise<boolean> {
  return "Notification" in window && (await Notification.requestPermission()) === "granted";
}

export function desktop(title: string, body: string, tag: string, open: () => void): void {
  if (!desktopAllowed()) return;
  const shown = new Notification(title, { body, tag, silent: true });
  shown.onclick = () => {
    window.focus();
    open();
    shown.close();
  };
}

/** How long after the first window the others, which the browser may have slowed down, come too late to ring. */
const RUNG_MS = 10_000;

/** Run `ring` in one window only, however many are open; `name`: what it rings for. */
export async function inOneWindow(name: string, ring: () => void): Promise<void> {
  if (!navigator.locks) return ring();
  await navigator.locks.request(`hub.${name}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    ring();
    await new Promise((resolve) => setTimeout(resolve, RUNG_MS));
  });
}

export function setTitle(count: number, name: string): void {
  document.title = count > 0 ? `(${count}) ${name}` : name;
  if (count > 0) void navigator.setAppBadge?.(count);
  else void navigator.clearAppBadge?.();
}
