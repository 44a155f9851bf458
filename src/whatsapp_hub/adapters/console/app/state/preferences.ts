// What a person has set for themselves, kept by the hub: saved views, and the settings that follow one to every browser.
import { effect, signal } from "@preact/signals";
import type { PreferencesBody, SavedViewBody } from "../core/schema.ts";
import { api } from "./api.ts";
import { language, speak } from "./i18n.ts";
import { change, type Settings, settings } from "./settings.ts";

const PAUSE_MS = 800;
const FOLLOWING = ["language", "theme", "density", "enterSends", "sound", "shortcuts"] as const;
type Following = Pick<Settings, (typeof FOLLOWING)[number]>;

export const savedViews = signal<readonly SavedViewBody[]>([]);
let known = "";
let timer: ReturnType<typeof setTimeout> | undefined;

/** Read them, and take over what was set in another browser; from then on what is changed here is kept. A language that
 * was chosen in this browser stays. */
export async function load(): Promise<void> {
  const { data } = await api.get<PreferencesBody>("/api/auth/preferences");
  savedViews.value = data.views ?? [];
  const set = Object.fromEntries(
    FOLLOWING.map((name) => [name, data[name]]).filter(([, value]) => value !== null && value !== undefined),
  ) as Partial<Following>;
  if (settings.value.language) delete set.language;
  if (Object.keys(set).length) change(set);
  if (set.language && set.language !== language.value) await speak(set.language);
  known = JSON.stringify(following());
  effect(() => {
    if (JSON.stringify(following()) === known) return;
    clearTimeout(timer);
    timer = setTimeout(() => void keep(savedViews.value).catch(() => {}), PAUSE_MS);
  });
}

/** Keep a view of the inbox under a name; one of that name is replaced. */
export const saveView = (name: string, query: string): Promise<void> =>
  keep([...savedViews.value.filter((one) => one.name !== name), { name, query }]);

export const removeView = (name: string): Promise<void> => keep(savedViews.value.filter((one) => one.name !== name));

async function keep(views: readonly SavedViewBody[]): Promise<void> {
  const now = following();
  await api.send("PUT", "/api/auth/preferences", { ...now, views });
  known = JSON.stringify(now);
  savedViews.value = views;
}

function following(): Following {
  return Object.fromEntries(FOLLOWING.map((name) => [name, settings.value[name]])) as Following;
}
