// One's own settings, kept in this browser: language, theme, density, what Enter does, sounds.
import { effect, signal } from "@preact/signals";
import { texts } from "../adapters/storage.ts";
import type { Language } from "../core/schema.ts";

export interface Settings {
  language: Language | null;
  theme: "system" | "light" | "dark";
  density: "comfortable" | "compact";
  enterSends: boolean;
  sound: boolean;
  desktop: boolean;
  shortcuts: boolean;
}

const USUAL: Settings = {
  language: null,
  theme: "system",
  density: "comfortable",
  enterSends: true,
  sound: true,
  desktop: false,
  shortcuts: true,
};

function stored(): Settings {
  try {
    return { ...USUAL, ...JSON.parse(texts.read("settings") ?? "{}") };
  } catch {
    return USUAL;
  }
}

export const settings = signal<Settings>(stored());

export function change(some: Partial<Settings>): void {
  settings.value = { ...settings.value, ...some };
  texts.write("settings", JSON.stringify(settings.value));
}

effect(() => {
  const { theme, density } = settings.value;
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.density = density;
});
