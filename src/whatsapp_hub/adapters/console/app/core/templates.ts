// Templates: what a message fills in, and how the customer will see it.
import type { PlaceView } from "./schema.ts";

export type Values = Readonly<Record<string, string>>;
export interface Component {
  type: string;
  sub_type?: string;
  index?: string;
  parameters?: Record<string, unknown>[];
  cards?: { card_index: number; components: Component[] }[];
}

/** What a value is kept under: one place, one key. */
export function keyOf(place: PlaceView): string {
  return [place.card ?? "", place.part, place.button ?? "", place.name].join(":");
}

/** The parameters of a message, in Meta's form; a place without a value goes empty, and the hub says which. */
export function componentsOf(places: readonly PlaceView[], values: Values): Component[] {
  const own = partsOf(
    places.filter((place) => place.card === null),
    values,
  );
  const cards = [...new Set(places.flatMap((place) => (place.card === null ? [] : [place.card])))].sort(
    (a, b) => a - b,
  );
  if (!cards.length) return own;
  const filled = cards.map((card) => ({
    card_index: card,
    components: partsOf(
      places.filter((place) => place.card === card),
      values,
    ),
  }));
  return [...own, { type: "carousel", cards: filled }];
}

function partsOf(places: readonly PlaceView[], values: Values): Component[] {
  const parts = new Map<string, Component>();
  for (const place of places) {
    const isButton = place.part === "button";
    const key = isButton ? `button ${place.button}` : place.part;
    const button = { sub_type: place.kind === "coupon_code" ? "copy_code" : "url", index: String(place.button) };
    const part = parts.get(key) ?? { type: place.part, ...(isButton ? button : {}), parameters: [] };
    part.parameters?.push(parameterOf(place, values[keyOf(place)]?.trim() ?? ""));
    parts.set(key, part);
  }
  return [...parts.values()];
}

function parameterOf(place: PlaceView, value: string): Record<string, unknown> {
  if (place.kind === "coupon_code") return { type: "coupon_code", coupon_code: value };
  if (place.kind !== "text") return { type: place.kind, [place.kind]: { link: value } };
  const isNamed = place.part !== "button" && !/^\d+$/.test(place.name);
  return { type: "text", ...(isNamed ? { parameter_name: place.name } : {}), text: value };
}

/** Whether it can be filled in here: a place on a map cannot. */
export function isFillable(places: readonly PlaceView[]): boolean {
  return places.every((place) => place.kind !== "location");
}

/** The text with what was filled in so far; what is empty stands in its braces. */
export function shown(text: string, places: readonly PlaceView[], values: Values): string {
  const known = new Map(
    places
      .filter((place) => place.part === "body" && place.card === null)
      .map((place) => [place.name, values[keyOf(place)]?.trim() ?? ""]),
  );
  return text.replace(/\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g, (braces, name: string) => known.get(name) || braces);
}
