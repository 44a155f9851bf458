import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { type Token, tokens } from "../../core/marks.ts";

/** A text with WhatsApp's marks, and those of `names` whom it mentions. Nothing of it is ever read as HTML. */
export function Formatted({ text, names = [] }: { text: string; names?: readonly string[] }): VNode {
  return <>{useMemo(() => tokens(text, names), [text, names.join("\n")]).map(shown)}</>;
}

function shown(token: Token, n: number): VNode | string {
  switch (token.kind) {
    case "bold":
      return <strong key={n}>{token.children.map(shown)}</strong>;
    case "italic":
      return <em key={n}>{token.children.map(shown)}</em>;
    case "struck":
      return <s key={n}>{token.children.map(shown)}</s>;
    case "mention":
      return (
        <b key={n} class="mention">
          {token.text}
        </b>
      );
    case "mono":
      return <code key={n}>{token.text}</code>;
    case "link":
      return (
        <a key={n} href={token.href} target="_blank" rel="noopener noreferrer nofollow">
          {token.text}
        </a>
      );
    default:
      return token.text;
  }
}
