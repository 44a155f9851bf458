// WhatsApp's marks in a text (*bold* _italic_ ~struck~ ```mono```), links and numbers, as tokens. No HTML is ever parsed.
import { namesPattern } from "./mentions.ts";

export type Token =
  | { kind: "text" | "mono" | "break" | "mention"; text: string }
  | { kind: "link"; text: string; href: string }
  | { kind: "bold" | "italic" | "struck"; children: Token[] };

const FENCE = /```([\s\S]+?)```/;
const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/;
const SIGNS = { "*": "bold", _: "italic", "~": "struck" } as const;
const MARKED = /(^|[\s\p{P}])([*_~])(?=\S)((?:(?!\2|\n).)*?\S)\2(?=$|[\s\p{P}])/u;

/** More marks than these are no writing: the rest stays as it is, so that no text keeps the page busy. */
const MOST = 150;

interface Left {
  marks: number;
  names: RegExp | null;
}

/** Take a text apart; `names`: of the people who are mentioned in it. */
export function tokens(text: string, names: readonly string[] = []): Token[] {
  const left = { marks: MOST, names: namesPattern(names) };
  const linked = (part: string): Token[] =>
    around(
      part,
      LINK,
      (match) => ({ kind: "link", text: match[0], href: match[0] }),
      (rest) => marked(rest, left),
    );
  return around(text, FENCE, (match) => ({ kind: "mono", text: match[1]! }), linked);
}

function marked(text: string, left: Left): Token[] {
  const match = left.marks > 0 ? MARKED.exec(text) : null;
  if (!match) return named(text, left);
  left.marks -= 1;
  const before = text.slice(0, match.index) + match[1];
  const sign = match[2] as keyof typeof SIGNS;
  const rest = text.slice(match.index + match[0].length);
  return [...named(before, left), { kind: SIGNS[sign], children: marked(match[3]!, left) }, ...marked(rest, left)];
}

function named(text: string, { names }: Left): Token[] {
  const plain = (some: string): Token[] => (some ? [{ kind: "text", text: some }] : []);
  return names ? around(text, names, (match) => ({ kind: "mention", text: match[0] }), plain) : plain(text);
}

function around(
  text: string,
  what: RegExp,
  made: (match: RegExpExecArray) => Token,
  rest: (text: string) => Token[],
): Token[] {
  const found: Token[] = [];
  let left = text;
  for (let match = what.exec(left); match; match = what.exec(left)) {
    found.push(...rest(left.slice(0, match.index)), made(match));
    left = left.slice(match.index + match[0].length);
  }
  return [...found, ...rest(left)];
}
