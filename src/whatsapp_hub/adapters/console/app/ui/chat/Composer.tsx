import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { around, wantedAt } from "../../core/completing.ts";
import type { Conversation } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import * as chats from "../../state/chats.ts";
import { nameOf } from "../../state/directory.ts";
import * as drafts from "../../state/drafts.ts";
import * as handling from "../../state/handling.ts";
import * as hearing from "../../state/hearing.ts";
import { kindOf, t } from "../../state/i18n.ts";
import { live } from "../../state/live.ts";
import { readersOf } from "../../state/mentions.ts";
import * as outbox from "../../state/outbox.ts";
import * as painting from "../../state/painting.ts";
import * as scheduled from "../../state/scheduled.ts";
import * as selecting from "../../state/selecting.ts";
import { me } from "../../state/session.ts";
import { settings } from "../../state/settings.ts";
import { attempt, say } from "../../state/toasts.ts";
import { Button, IconButton } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { onKey, press } from "../shell/keys.tsx";
import { type Option, optionsOf, Picker } from "./Completion.tsx";
import { EmojiPicker } from "./EmojiPicker.tsx";
import { Files, type Upload, uploadsOf, voiceOf } from "./Files.tsx";
import { Later } from "./Later.tsx";
import { ComeIn, isClosedWindow, Whose, whyNot } from "./MayAnswer.tsx";
import { Template } from "./Template.tsx";
import { Voice } from "./Voice.tsx";

const TYPING_APART_MS = 3_000;
const TEXT_LIMIT = 4_096;

interface ComposerProps {
  c: Conversation;
  quoted: string | null;
  onUnquote: () => void;
  /** A text that was planned, to be written anew. */
  restored: string | null;
  onRestored: () => void;
}

/** The place to answer, or to note something for colleagues: two modes that never change by themselves. */
export function Composer({ c, quoted, onUnquote, restored, onRestored }: ComposerProps): VNode {
  const mode = useSignal<drafts.Mode>("reply");
  const text = useSignal(drafts.read(c.id, "reply"));
  const uploads = useSignal<Upload[]>([]);
  const picked = useSignal(0);
  const caret = useSignal(0);
  const hidden = useSignal<number | null>(null);
  const list = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const typedAt = useRef(0);
  const crossed = useSignal<"asked" | "answered" | null>(null);
  const isNote = mode.value === "note";
  const why = isNote ? null : whyNot(c);

  const write = (value: string): void => {
    text.value = value;
    picked.value = 0;
    caret.value = box.current?.selectionStart ?? value.length;
    drafts.write(c.id, mode.value, value);
    if (!isNote && value && Date.now() - typedAt.current > TYPING_APART_MS) {
      typedAt.current = Date.now();
      void live.emit("typing", { conversationId: c.id, typing: true });
    }
  };
  const change = (to: drafts.Mode): void => {
    mode.value = to;
    text.value = drafts.read(c.id, to);
    hidden.value = null;
    box.current?.focus();
  };
  useEffect(() => {
    const off = [onKey("c", () => box.current?.focus()), onKey("note", () => change(isNote ? "reply" : "note"))];
    return () => off.forEach((one) => one());
  });
  useEffect(() => {
    // while several are chosen one walks on by keys
    if (!selecting.selected.value.size && window.matchMedia("(pointer: fine)").matches) box.current?.focus();
  }, []);
  useEffect(() => {
    if (quoted) box.current?.focus();
  }, [quoted]);
  useEffect(() => {
    if (restored === null) return;
    if (isNote) change("reply");
    write([restored, drafts.read(c.id, "reply")].filter(Boolean).join("\n"));
    box.current?.focus();
    onRestored();
  }, [restored]);

  const others = [...(hearing.typing.value.get(c.id)?.keys() ?? [])].filter((one) => one !== "customer");
  const quotedMessage = quoted ? painting.chatSignal(c.id).value?.messages.find((m) => m.id === quoted) : undefined;
  const send = async (): Promise<void> => {
    const said = text.value.trim();
    if (isNote) {
      if (said && (await handling.addNote(c.id, said))) write("");
      return;
    }
    if (why || (!said && !uploads.value.length)) return;
    if (others.length && !crossed.value) {
      crossed.value = "asked";
      return;
    }
    if (uploads.value.length) {
      const isCaption = uploads.value.some((one) => !one.voice);
      uploads.value = await Files.send(c.id, uploads, said, quotedMessage?.whatsappMessageId ?? null);
      if (uploads.value.length) return;
      if (said && !isCaption) outbox.write(c.id, said, null);
      write("");
      onUnquote();
      box.current?.focus();
      return;
    }
    void chats.loadNewest(c.id).catch(() => {});
    outbox.write(c.id, said, quotedMessage?.whatsappMessageId ?? null);
    write("");
    typedAt.current = 0;
    void live.emit("typing", { conversationId: c.id, typing: false });
    onUnquote();
  };
  /** Plan it: what is written, and files with it. */
  const later = async (at: string): Promise<void> => {
    const said = text.value.trim();
    const replyTo = quotedMessage?.whatsappMessageId ?? null;
    if (uploads.value.length) {
      const isCaption = uploads.value.some((one) => !one.voice);
      uploads.value = await Files.send(c.id, uploads, said, replyTo, at);
      if (uploads.value.length) return;
      if (said && !isCaption && !(await scheduled.write(c.id, said, null, at))) return;
    } else if (!(await scheduled.write(c.id, said, replyTo, at))) return;
    write("");
    onUnquote();
    box.current?.focus();
  };
  const asked = wantedAt(text.value, caret.value);
  const isOffered = asked && asked.kind !== (isNote ? "reply" : "person") && hidden.value !== asked.from;
  const wanted = isOffered ? asked : null;
  const options = optionsOf(wanted, () => readersOf(c));
  const pick = async (option: Option): Promise<void> => {
    const put = (some: string): void => replace(wanted?.from ?? 0, caret.value, `${some} `);
    if ("emoji" in option) return put(option.emoji);
    if ("person" in option) return put(`@${option.person.name}`);
    const filled = await attempt(() =>
      api.send<{ content: string }>("POST", `/api/quick-replies/${option.reply.id}/fill`, { conversationId: c.id }),
    );
    write(filled?.data.content ?? option.reply.content);
    box.current?.focus();
  };
  const keyed = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (options.length) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        picked.value = (picked.value + step + options.length) % options.length;
        return;
      }
      if (event.key === "Enter" || event.key === "Tab") {
        event.preventDefault();
        void pick(options[picked.value]!);
        return;
      }
    }
    if (event.key === "Escape") {
      if (wanted && options.length) hidden.value = wanted.from;
      else if (quoted) onUnquote();
      else box.current?.blur();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "u") {
      event.preventDefault();
      document.querySelector<HTMLElement>(".composer input[type=file]")?.click();
      return;
    }
    const mark = (event.ctrlKey || event.metaKey) && { b: "*", i: "_" }[event.key];
    if (mark) {
      event.preventDefault();
      const { selectionStart, selectionEnd } = box.current!;
      const marked = around(text.value, selectionStart, selectionEnd, mark);
      write(marked.text);
      select(marked.from, marked.to);
      return;
    }
    if (event.key !== "Enter" || event.shiftKey) return;
    if (settings.value.enterSends || event.ctrlKey || event.metaKey || event.altKey) {
      event.preventDefault();
      void send().then(() => {
        if (event.altKey) press("j");
        else if (event.ctrlKey && settings.value.enterSends && !isNote) void handling.resolve(c.id);
      });
    }
  };
  const select = (from: number, to: number): void => {
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(from, to);
    });
  };
  const replace = (from: number, to: number, some: string): void => {
    write(text.value.slice(0, from) + some + text.value.slice(to));
    caret.value = from + some.length;
    select(caret.value, caret.value);
  };
  const insert = (some: string): void => replace(box.current!.selectionStart, box.current!.selectionEnd, some);
  const attach = (files: Iterable<File>): void => {
    if (isNote) return void say(t().composer.noFilesInNotes, "info");
    uploads.value = [...uploads.value, ...uploadsOf(files)];
  };

  return (
    <section
      class={`composer ${mode.value}`}
      aria-label={isNote ? t().composer.note : t().composer.reply}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        attach(event.dataTransfer?.files ?? []);
      }}
    >
      <Whose c={c} />
      <div class="composer-modes" role="tablist" aria-label={t().composer.modes}>
        {(["reply", "note"] as const).map((one) => (
          <button key={one} type="button" role="tab" aria-selected={mode.value === one} onClick={() => change(one)}>
            {t().composer[one]}
          </button>
        ))}
        {text.value.length > TEXT_LIMIT * 0.8 && (
          <span class={text.value.length > TEXT_LIMIT ? "over" : ""}>
            {text.value.length} / {TEXT_LIMIT}
          </span>
        )}
      </div>
      {quotedMessage && (
        <div class="composer-quote">
          <p dir="auto">{quotedMessage.content ?? kindOf(quotedMessage.type)}</p>
          <IconButton icon="close" label={t().composer.unquote} onClick={onUnquote} />
        </div>
      )}
      {crossed.value === "asked" && (
        <p class="composer-whose" role="alert">
          {t().inbox.crossing(others.map(nameOf).join(", ") || t().inbox.somebody)}
          <button
            type="button"
            onClick={() => {
              crossed.value = "answered";
              void send();
            }}
          >
            {t().composer.anyway}
          </button>
          <button type="button" onClick={() => (crossed.value = null)}>
            {t().inbox.wait}
          </button>
        </p>
      )}
      <Files.List uploads={uploads} />
      {!isNote && !why && me.value?.company.agentNameBeforeTexts && (
        <p class="composer-name">{t().composer.namedAs(me.value.name)}</p>
      )}
      {wanted && options.length > 0 && (
        <Picker
          id={list}
          kind={wanted.kind}
          options={options}
          picked={picked.value}
          onPick={(option) => void pick(option)}
        />
      )}
      {why ? (
        <>
          <p class="composer-off">
            <Icon name="info" size="tiny" /> {why}
            <ComeIn c={c} />
          </p>
          {isClosedWindow(c) && <Template c={c} />}
        </>
      ) : (
        <div class="composer-line">
          {!isNote && <Attach onFiles={attach} />}
          <EmojiPicker onPick={insert} />
          {!isNote && <Voice onVoice={(file) => (uploads.value = [...uploads.value, voiceOf(file)])} />}
          <textarea
            ref={box}
            rows={1}
            value={text.value}
            dir="auto"
            aria-label={isNote ? t().composer.noteHint : t().composer.replyHint}
            placeholder={isNote ? t().composer.noteHint : t().composer.replyHint}
            aria-autocomplete="list"
            aria-controls={options.length ? list : undefined}
            aria-activedescendant={options.length ? `${list}-${picked.value}` : undefined}
            onInput={(event) => write(event.currentTarget.value)}
            onSelect={(event) => (caret.value = event.currentTarget.selectionStart)}
            onKeyDown={keyed}
            onPaste={(event) => {
              if (event.clipboardData?.files.length) {
                event.preventDefault();
                attach(event.clipboardData.files);
              }
            }}
          />
          {!isNote && (text.value.trim() || uploads.value.length > 0) && <Later onPick={(at) => void later(at)} />}
          <Button
            kind="primary"
            icon={isNote ? "note" : "send"}
            disabled={(!text.value.trim() && !uploads.value.length) || text.value.length > TEXT_LIMIT}
            onClick={() => void send()}
          >
            {isNote ? t().composer.addNote : t().composer.send}
          </Button>
        </div>
      )}
    </section>
  );
}

function Attach({ onFiles }: { onFiles: (files: Iterable<File>) => void }): VNode {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      <IconButton icon="paperclip" label={t().composer.attach} onClick={() => input.current?.click()} />
    </>
  );
}
