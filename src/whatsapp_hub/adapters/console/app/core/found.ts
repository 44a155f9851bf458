// How a message that was found is shown: the place in its text where the words stand, and the words themselves.
import { folded } from "./views.ts";

export interface Piece {
  text: string;
  isHit: boolean;
}

const BEFORE = 30;
const LEAST = 3;

/** Cut the part of a text where the words stand, at most `most` characters, and mark them. Endings, case and accents are
 * ignored, as the hub does, which finds words by their stems. */
export function pieces(text: string, words: string, most = 140): Piece[] {
  const shown = [...text.replace(/\s+/g, " ").trim()];
  const plain = shown.map((one) => folded(one).slice(0, 1) || " ");
  const hits = marked(plain.join(""), stems(words));
  const first = Math.max(0, (hits.length ? hits[0]![0] : 0) - BEFORE);
  const last = Math.min(shown.length, first + most);
  const found: Piece[] = first > 0 ? [{ text: "…", isHit: false }] : [];
  let at = first;
  for (const [from, to] of hits) {
    if (from < at || to > last) continue;
    if (from > at) found.push({ text: shown.slice(at, from).join(""), isHit: false });
    found.push({ text: shown.slice(from, to).join(""), isHit: true });
    at = to;
  }
  if (at < last) found.push({ text: shown.slice(at, last).join(""), isHit: false });
  if (last < shown.length) found.push({ text: "…", isHit: false });
  return found;
}

function stems(words: string): string[] {
  return folded(words.replace(/(^|\s)-\S+/g, " "))
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => word.slice(0, Math.max(LEAST, word.length - 2)));
}

/** Find words that begin like this, each as a whole. */
function marked(plain: string, beginnings: readonly string[]): [number, number][] {
  const found: [number, number][] = [];
  for (const word of plain.matchAll(/[\p{L}\p{N}]+/gu))
    if (beginnings.some((one) => word[0].startsWith(one))) found.push([word.index, word.index + word[0].length]);
  return found;
}
