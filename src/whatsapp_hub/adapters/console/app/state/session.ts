// Who is signed in, and what they may do.
import { computed, signal } from "@preact/signals";
import { outboxStore, texts } from "../adapters/storage.ts";
import type { OwnUser } from "../core/entities.ts";
import type { Language } from "../core/schema.ts";
import { Problem } from "../ports/index.ts";
import { api } from "./api.ts";
import * as i18n from "./i18n.ts";

export type Standing = "asking" | "out" | "in" | "expired" | "enrolling" | "unreachable";

export const standing = signal<Standing>("asking");
export const me = signal<OwnUser | null>(null);
export const role = computed(() => me.value?.role ?? "AGENT");
export const isSupervisor = computed(() => role.value !== "AGENT");

/** Whether the person may do this (named as API keys' scopes are). */
export function may(action: string): boolean {
  return me.value?.may.includes(action) ?? false;
}

api.onUnauthenticated = () => {
  if (standing.value === "in") standing.value = "expired";
};

const ACTING = "acting-for";
const SPOKEN = "acting-in";
api.company = sessionStorage.getItem(ACTING);

/** Whether a MASTER acts for another company than their own. */
export const isActing = computed(() => me.value !== null && me.value.company.id !== me.value.companyId);

/** Act for a company (MASTER), in this tab, from now on; null: for one's own again. */
export function actFor(companyId: string | null): void {
  if (companyId && companyId !== me.value?.companyId) {
    sessionStorage.setItem(ACTING, companyId);
    sessionStorage.setItem(SPOKEN, i18n.language.value);
  } else sessionStorage.removeItem(ACTING);
  location.assign("/dashboard");
}

/** Find out who is signed in. */
export async function recognise(): Promise<void> {
  try {
    const { data } = await api.get<OwnUser>("/api/auth/me");
    me.value = data;
    standing.value = "in";
    const spoken = isActing.value && (sessionStorage.getItem(SPOKEN) as Language | null);
    await i18n.begin(spoken || data.company.language);
  } catch (error) {
    const isOut = error instanceof Problem && error.status === 401;
    if (isOut)
      standing.value = error.kind === "second-factor-enrolment-required" ? "enrolling" : me.value ? "expired" : "out";
    else if (!me.value && api.company && error instanceof Problem && error.status >= 400 && error.status < 500)
      actFor(null); // that company is gone, or was never one's to act for
    else if (!me.value) standing.value = "unreachable";
  }
}

export async function signIn(email: string, password: string, code: string): Promise<void> {
  await api.send("POST", "/api/auth/browser", { email, password, ...(code ? { code } : {}) });
  await entered();
}

/** Finish a sign-in by an OpenID provider, which leads back here with a code. */
export async function exchange(code: string): Promise<void> {
  await api.send("POST", "/api/auth/browser/oidc", { code });
  await entered();
}

/** Sign in by the link that the hub printed when it started. */
export async function enterByLink(token: string): Promise<void> {
  await api.send("POST", "/api/auth/browser/link", { token });
  await entered();
}

async function entered(): Promise<void> {
  const before = me.value?.id;
  await recognise();
  if (before && me.value && before !== me.value.id) location.reload();
}

/** Sign out: here, on the hub, and of what this browser kept of customers. */
export async function signOut(): Promise<void> {
  await api.send("POST", "/api/auth/logout").catch(() => {});
  sessionStorage.removeItem(ACTING);
  for (const key of texts.keys("draft.")) texts.write(key, null);
  await outboxStore.clear().catch(() => {});
  location.assign("/login");
}
