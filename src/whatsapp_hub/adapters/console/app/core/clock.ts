// Times that run: how long until something is due, and how urgent that is.
export type Urgency = "calm" | "warning" | "late";

const MINUTE = 60_000;

/** How urgent a due time is: a fifth of an hour before it is a warning. */
export function urgencyOf(due: string, now: number): Urgency {
  const left = Date.parse(due) - now;
  return left < 0 ? "late" : left < 12 * MINUTE ? "warning" : "calm";
}

/** Say a time left, or passed, in the fewest signs: `3 min`, `5 h 10`, `2 d`. */
export function spanOf(ms: number): string {
  const minutes = Math.max(0, Math.round(Math.abs(ms) / MINUTE));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${String(minutes % 60).padStart(2, "0")}` : `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

/** Two messages of one sender within five minutes are one group. */
export function isSameGroup(a: string, b: string): boolean {
  return Math.abs(Date.parse(b) - Date.parse(a)) < 5 * MINUTE;
}

export function isSameDay(a: string, b: string): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

export type Later = "hour" | "hours" | "tomorrow" | "monday";

/** Times to come back to something: in an hour, in three, tomorrow and on Monday at nine. */
export function laterTimes(from: Date): { kind: Later; at: Date }[] {
  const inHours = (hours: number): Date => new Date(from.getTime() + hours * 60 * MINUTE);
  const nine = (days: number): Date => new Date(from.getFullYear(), from.getMonth(), from.getDate() + days, 9);
  const untilMonday = (8 - from.getDay()) % 7 || 7;
  return [
    { kind: "hour", at: inHours(1) },
    { kind: "hours", at: inHours(3) },
    { kind: "tomorrow", at: nine(1) },
    { kind: "monday", at: nine(untilMonday) },
  ];
}

/** A time as a field for date and time takes it: local, without a zone. */
export function localInput(at: Date): string {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * MINUTE);
  return local.toISOString().slice(0, 16);
}
