// Colleagues named in a note, by @ and their name as the company has it.

export interface Named {
  id: string;
  name: string;
}

/** A pattern for any of these names after an @; of names that begin alike the longest is found. Null: there are none. */
export function namesPattern(names: readonly string[]): RegExp | null {
  const known = names.filter((name) => name.trim()).sort((a, b) => b.length - a.length);
  return known.length ? new RegExp(`@(?:${known.map(escaped).join("|")})(?![\\p{L}\\p{N}])`, "u") : null;
}

/** Return the ids of those whom a text names. Two of the same name are both meant. */
export function mentionedIn(text: string, people: readonly Named[]): string[] {
  const pattern = namesPattern(people.map((one) => one.name));
  if (!pattern) return [];
  const said = new Set([...text.matchAll(new RegExp(pattern, "gu"))].map(([name]) => name.slice(1)));
  return people.filter((one) => said.has(one.name)).map((one) => one.id);
}

function escaped(name: string): string {
  return name.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
