// What the console needs of the world outside: one interface for each adapter.
import type { HubEvent } from "../core/events.ts";
import type { Entry } from "../core/outbox.ts";

/** A problem that the hub answered with (RFC 9457), or `offline`: no answer came. */
export class Problem extends Error {
  readonly status: number;
  readonly kind: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly requestId: string | null;
  readonly retryAfterS: number | null;
  /** Who has the customer, of `held_elsewhere`. */
  readonly holder: { department: string | null; user: string | null };

  constructor(
    status: number,
    kind: string,
    detail: string,
    more: Partial<Pick<Problem, "fields" | "requestId" | "retryAfterS" | "holder">> = {},
  ) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.fields = more.fields ?? {};
    this.requestId = more.requestId ?? null;
    this.retryAfterS = more.retryAfterS ?? null;
    this.holder = more.holder ?? { department: null, user: null };
  }

  get isOffline(): boolean {
    return this.kind === "offline";
  }
}

export interface Answer<T> {
  data: T;
  /** The log's position that the answer reflects at least; null where the hub does not say. */
  position: number | null;
  /** Leads to the next page. */
  next: string | null;
}

export interface Sending {
  key?: string;
  signal?: AbortSignal;
}

export interface Api {
  get<T>(path: string, query?: Record<string, string | number | boolean | null | undefined>): Promise<Answer<T>>;
  send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, how?: Sending): Promise<Answer<T>>;
  upload<T>(path: string, form: FormData, key: string, progress: (share: number) => void): Promise<T>;
}

export interface LiveListener {
  connected(position: number): void;
  event(event: HubEvent): void;
  reset(position: number): void;
  disconnected(): void;
  /** The hub ended the connection: signed out, or another role or department. */
  dismissed(code: string): void;
}

export interface Live {
  /** Connect, from then on again and again; `after`: the position to go on from, for which it waits. */
  start(listener: LiveListener, after: () => Promise<number>): void;
  stop(): void;
  emit(event: string, data: unknown): Promise<Record<string, unknown>>;
}

export interface OutboxStore {
  all(): Promise<Entry[]>;
  put(entry: Entry): Promise<void>;
  remove(key: string): Promise<void>;
  clear(): Promise<void>;
}

export interface Texts {
  read(key: string): string | null;
  write(key: string, value: string | null): void;
  keys(prefix: string): string[];
}
