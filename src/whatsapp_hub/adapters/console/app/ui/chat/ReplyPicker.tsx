import type { VNode } from "preact";
import type { QuickReplyView } from "../../core/entities.ts";
import { folded } from "../../core/views.ts";
import { replies } from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";

const MOST = 8;

/** Quick replies whose shortcut begins with what was typed, then those whose text has it. */
export function found(typed: string): QuickReplyView[] {
  const words = folded(typed);
  const begins = replies.value.filter((r) => folded(r.shortcut).replace(/^\//, "").startsWith(words));
  const holds = replies.value.filter((r) => !begins.includes(r) && folded(r.content).includes(words));
  return [...begins, ...holds].slice(0, MOST);
}

interface PickerProps {
  options: readonly QuickReplyView[];
  picked: number;
  onPick: (reply: QuickReplyView) => void;
}

export function ReplyPicker({ options, picked, onPick }: PickerProps): VNode {
  return (
    <div class="picker" role="listbox" aria-label={t().rail.replies}>
      {options.map((reply, n) => (
        <div
          key={reply.id}
          role="option"
          tabIndex={-1}
          aria-selected={n === picked}
          onMouseDown={(event) => {
            event.preventDefault();
            onPick(reply);
          }}
        >
          <b>/{reply.shortcut.replace(/^\//, "")}</b>
          <span>{reply.content}</span>
        </div>
      ))}
    </div>
  );
}
