// People, departments, numbers and quick replies of the company: read once, kept up by events.
import { computed, signal } from "@preact/signals";
import type {
  DepartmentView,
  OnlineStatus,
  QuickReplyView,
  SessionDetail,
  SessionStatus,
  UserView,
} from "../core/entities.ts";
import type { LabelView } from "../core/schema.ts";
import { api } from "./api.ts";
import { live } from "./live.ts";
import { may, me } from "./session.ts";

const MEET_APART_MS = 5_000;

export const users = signal<UserView[]>([]);
export const departments = signal<DepartmentView[]>([]);
export const sessions = signal<SessionDetail[]>([]);
export const replies = signal<QuickReplyView[]>([]);
/** Labels in use, the most frequent first. */
export const labels = signal<string[]>([]);

export const userById = computed(() => new Map(users.value.map((user) => [user.id, user])));
export const departmentById = computed(() => new Map(departments.value.map((d) => [d.id, d])));
export const sessionById = computed(() => new Map(sessions.value.map((s) => [s.id, s])));
export const myStatus = computed<OnlineStatus>(
  () => userById.value.get(me.value?.id ?? "")?.onlineStatus ?? me.value?.onlineStatus ?? "OFFLINE",
);

/** Read a list whole, page by page. */
export async function whole<T>(path: string, query: Record<string, string> = {}, most = 1_000): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | null = null;
  do {
    const answer: { data: T[]; next: string | null } = await api.get<T[]>(path, { ...query, limit: 200, cursor });
    found.push(...answer.data);
    cursor = answer.next;
  } while (cursor && found.length < most);
  return found;
}

export async function load(): Promise<void> {
  const some = (action: string, read: () => Promise<void>): Promise<void> => (may(action) ? read() : Promise.resolve());
  await Promise.allSettled([
    some("read-users", loadUsers),
    some("read-departments", loadDepartments),
    some("read-sessions", loadSessions),
    some("read-quick-replies", loadReplies),
    some("read-conversations", loadLabels),
  ]);
}

export async function loadUsers(): Promise<void> {
  users.value = await whole<UserView>("/api/users");
}

let metAt = 0;

/** Read the people anew, if one of these is new here. */
export function meet(ids: readonly string[]): void {
  if (!may("read-users") || ids.every((id) => userById.value.has(id)) || Date.now() - metAt < MEET_APART_MS) return;
  metAt = Date.now();
  void loadUsers().catch(() => {});
}

export async function loadDepartments(): Promise<void> {
  departments.value = await whole<DepartmentView>("/api/departments");
}

/** Numbers that are lost together are read together, by every console. */
const READ_AFTER_MS = 1_000;

export async function loadSessions(): Promise<void> {
  sessions.value = await whole<SessionDetail>("/api/sessions");
}

export async function loadReplies(): Promise<void> {
  replies.value = await whole<QuickReplyView>("/api/quick-replies");
}

export async function loadLabels(): Promise<void> {
  labels.value = (await api.get<LabelView[]>("/api/labels")).data.map((one) => one.label);
}

export function presence(userId: string, status: OnlineStatus): void {
  meet([userId]);
  users.value = users.value.map((user) => (user.id === userId ? { ...user, onlineStatus: status } : user));
}

let reading: ReturnType<typeof setTimeout> | null = null;

/** Show a number's new status at once; the code of its reason, and its QR code, are read a moment later, of all in one. */
export function sessionState(id: string, status: SessionStatus, statusReason: string | null): void {
  const news = { status, statusReason, statusReasonCode: null, statusReasonValues: {} };
  sessions.value = sessions.value.map((s) => (s.id === id ? { ...s, ...news } : s));
  const isWhole = sessions.value.some((s) => s.id === id) && status !== "QR_PENDING" && !statusReason;
  if (isWhole) return;
  reading ??= setTimeout(() => {
    reading = null;
    void loadSessions().catch(() => {});
  }, READ_AFTER_MS);
}

export async function setStatus(status: OnlineStatus): Promise<void> {
  if (!me.value) return;
  const answer = await live.emit("agent-status", { status });
  if (!answer.ok) await api.send("PATCH", "/api/users/me/status", { status });
  presence(me.value.id, status);
}

export function nameOf(userId: string | null | undefined): string {
  return userId ? (userById.value.get(userId)?.name ?? "—") : "";
}
