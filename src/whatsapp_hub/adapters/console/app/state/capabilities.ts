// What a number's provider can do, asked once for each number.
import { signal } from "@preact/signals";
import type { CapabilitiesView, Feature } from "../core/schema.ts";
import { api } from "./api.ts";

const known = signal<ReadonlyMap<string, CapabilitiesView | null>>(new Map());

/** Whether a number can do this; not before the hub has said so. */
export function can(sessionId: string | undefined, feature: Feature): boolean {
  if (!sessionId) return false;
  const found = known.value.get(sessionId);
  if (found === undefined) queueMicrotask(() => void ask(sessionId));
  return found?.features.includes(feature) ?? false;
}

async function ask(sessionId: string): Promise<void> {
  if (known.value.has(sessionId)) return;
  known.value = new Map(known.value).set(sessionId, null);
  try {
    const { data } = await api.get<CapabilitiesView>(`/api/sessions/${sessionId}/capabilities`);
    known.value = new Map(known.value).set(sessionId, data);
  } catch {
    // it is not offered then
  }
}
