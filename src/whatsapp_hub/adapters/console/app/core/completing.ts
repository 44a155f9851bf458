// What is being completed in a text: a quick reply by its shortcut, an emoji or a colleague by the name.

export interface Wanted {
  kind: "reply" | "emoji" | "person";
  words: string;
  /** Where what is replaced begins. */
  from: number;
}

/** Tell what the text before the caret asks to be completed. An emoji's name has two letters at least, and nothing but a
 * space, or the beginning, before its colon: a time such as 9:00 is none. A colleague's name may have spaces. */
export function wantedAt(text: string, caret: number): Wanted | null {
  const reply = /^\/(\S*)$/.exec(text);
  if (reply) return { kind: "reply", words: reply[1] ?? "", from: 0 };
  const emoji = /(?:^|\s):([\p{L}\p{N}_+-]{2,24})$/u.exec(text.slice(0, caret));
  if (emoji?.[1]) return { kind: "emoji", words: emoji[1], from: caret - emoji[1].length - 1 };
  const person = /(?:^|[\s(])@((?:[^\s@][^@\n]{0,40})?)$/u.exec(text.slice(0, caret));
  return person ? { kind: "person", words: person[1]!, from: caret - person[1]!.length - 1 } : null;
}

/** Put signs around what is selected; or take them away, where they are there already. */
export function around(
  text: string,
  from: number,
  to: number,
  sign: string,
): { text: string; from: number; to: number } {
  const [before, inside, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
  if (before.endsWith(sign) && after.startsWith(sign)) {
    return {
      text: before.slice(0, -sign.length) + inside + after.slice(sign.length),
      from: from - sign.length,
      to: to - sign.length,
    };
  }
  return { text: before + sign + inside + sign + after, from: from + sign.length, to: to + sign.length };
}
