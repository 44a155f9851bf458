// The texts in the reader's language. A text that is missing in one language is a type error.
import { signal } from "@preact/signals";
import type { Language } from "../core/schema.ts";
import type { FirstMessages, Messages } from "../messages/pt-BR.ts";
import { settings } from "./settings.ts";

export const LANGUAGES: readonly { code: Language; name: string }[] = [
  { code: "pt-BR", name: "Português (Brasil)" },
  { code: "en", name: "English" },
  { code: "es", name: "Español" },
];

export const language = signal<Language>("pt-BR");
/** Nothing is shown before `begin` was awaited. */
const texts = signal({} as FirstMessages | Messages);
let isComplete = false;

/** The texts of the present language; those behind the sign-in once `complete` was awaited. */
export function t(): Messages {
  return texts.value as Messages;
}

/** What a type of message is called; one that is not known here keeps its own name. */
export function kindOf(type: string): string {
  return (t().kinds as Record<string, string>)[type] ?? type;
}

/** Which language a browser asks for, of those that there are. */
export function preferred(): Language {
  for (const wanted of navigator.languages) {
    const found = LANGUAGES.find((l) => l.code.slice(0, 2) === wanted.slice(0, 2).toLowerCase());
    if (found) return found.code;
  }
  return "pt-BR";
}

const FIRST = {
  "pt-BR": () => import("../messages/pt-BR.ts"),
  en: () => import("../messages/en.ts"),
  es: () => import("../messages/es.ts"),
};
const BEHIND = {
  "pt-BR": () => import("../messages/pt-BR/behind.ts"),
  en: () => import("../messages/en/behind.ts"),
  es: () => import("../messages/es/behind.ts"),
};

/** Have the texts of what is behind the sign-in too, from now on in every language. */
export async function complete(): Promise<void> {
  isComplete = true;
  texts.value = { ...texts.value, ...(await BEHIND[language.value]()).behind };
}

/** Show everything in a language. */
export async function speak(code: Language): Promise<void> {
  const first = (await FIRST[code]()).default;
  texts.value = isComplete ? { ...first, ...(await BEHIND[code]()).behind } : first;
  language.value = code;
  document.documentElement.lang = code;
}

/** Have the texts that will most likely be needed fetched already, while it is found out who reads them. */
export function expect(): void {
  void FIRST[settings.value.language ?? preferred()]().catch(() => {});
}

/** Begin in the language that was chosen here, else the one that is given, else the browser's. */
export function begin(company?: Language): Promise<void> {
  return speak(settings.value.language ?? company ?? preferred());
}

/** The reader's own region, where the browser names one of the language: dates differ between countries. */
function locale(): string {
  const own = navigator.languages.find((l) => l.slice(0, 2) === language.value.slice(0, 2));
  return own ?? language.value;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(kind: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language.value} ${kind}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale(), options);
    formats.set(key, found);
  }
  return found;
}

export function timeOf(at: string): string {
  return format("time", { hour: "numeric", minute: "2-digit" }).format(new Date(at));
}

export function dateOf(at: string): string {
  return format("date", { day: "2-digit", month: "2-digit", year: "2-digit" }).format(new Date(at));
}

export function momentOf(at: string): string {
  return format("moment", { dateStyle: "short", timeStyle: "short" }).format(new Date(at));
}

/** A moment that is near: today the time, within a week the weekday and time, else the date too. */
export function whenOf(at: string): string {
  const days = Math.round((startOfDay(new Date(at)) - startOfDay(new Date())) / 86_400_000);
  if (days === 0) return timeOf(at);
  if (days > 0 && days < 7)
    return format("when", { weekday: "short", hour: "numeric", minute: "2-digit" }).format(new Date(at));
  return momentOf(at);
}

export function dayOf(at: string): string {
  const days = Math.round((startOfDay(new Date()) - startOfDay(new Date(at))) / 86_400_000);
  if (days < 2) return new Intl.RelativeTimeFormat(language.value, { numeric: "auto" }).format(-days, "day");
  return format("day", { weekday: "long", day: "numeric", month: "long" }).format(new Date(at));
}

/** Today the time, within a week the weekday, else the date. */
export function shortOf(at: string): string {
  const days = Math.round((startOfDay(new Date()) - startOfDay(new Date(at))) / 86_400_000);
  if (days < 1) return timeOf(at);
  if (days < 7) return format("weekday", { weekday: "short" }).format(new Date(at));
  return dateOf(at);
}

export function numberOf(value: number, digits = 0): string {
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value);
}

/** A country's name by its code (ISO 3166). */
export function countryOf(code: string): string {
  return new Intl.DisplayNames([language.value], { type: "region" }).of(code) ?? code;
}

export function percentOf(share: number): string {
  return new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

function startOfDay(at: Date): number {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}
