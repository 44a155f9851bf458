import type { Signal } from "@preact/signals";
import type { VNode } from "preact";
import type { Message } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import { tookMessage } from "../../state/chats.ts";
import { t } from "../../state/i18n.ts";
import * as scheduled from "../../state/scheduled.ts";
import { saidOf } from "../../state/toasts.ts";
import { IconButton } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { sizeOf } from "./Content.tsx";

const MB = 1024 * 1024;
const MOST_IMAGE = 5 * MB;
const MOST_FILE = 16 * MB;

export interface Upload {
  /** The Idempotency-Key: a second try is the same message. */
  key: string;
  file: File;
  progress: number | null;
  wrong: string | null;
  /** A voice message: it has no text, and can be heard before it is sent. */
  voice?: string;
}

/** A recorded voice message. */
export function voiceOf(file: File): Upload {
  return { key: crypto.randomUUID(), file, progress: null, wrong: null, voice: URL.createObjectURL(file) };
}

/** Let go of what was only there to be heard. */
function forget(upload: Upload): void {
  if (upload.voice) URL.revokeObjectURL(upload.voice);
}

/** Take files, and say of each at once what is wrong with it. */
export function uploadsOf(files: Iterable<File>): Upload[] {
  return [...files].map((file) => {
    const most = file.type.startsWith("image/") ? MOST_IMAGE : MOST_FILE;
    const wrong =
      file.size > most ? t().composer.tooLarge(sizeOf(most)) : file.size === 0 ? t().composer.emptyFile : null;
    return { key: crypto.randomUUID(), file, progress: null, wrong };
  });
}

function update(uploads: Signal<Upload[]>, key: string, change: Partial<Upload>): void {
  uploads.value = uploads.value.map((one) => (one.key === key ? { ...one, ...change } : one));
}

/** Send files in their order, the text with the first; those that failed stay, with the reason. */
async function send(
  conversationId: string,
  uploads: Signal<Upload[]>,
  caption: string,
  replyTo: string | null,
  sendAt: string | null = null,
): Promise<Upload[]> {
  let said = caption;
  for (const upload of [...uploads.value]) {
    if (upload.wrong && upload.progress === null && upload.file.size > MOST_FILE) continue;
    const form = new FormData();
    form.set("conversationId", conversationId);
    form.set("file", upload.file, upload.file.name);
    if (upload.voice) form.set("voice", "true");
    else if (said) form.set("caption", said);
    if (replyTo) form.set("replyTo", replyTo);
    if (sendAt) form.set("sendAt", sendAt);
    update(uploads, upload.key, { progress: 0, wrong: null });
    try {
      const message = await api.upload<Message>("/api/messages/send-media", form, upload.key, (progress) =>
        update(uploads, upload.key, { progress }),
      );
      if (sendAt) scheduled.took(message);
      else tookMessage(message);
      uploads.value = uploads.value.filter((one) => one.key !== upload.key);
      forget(upload);
      if (!upload.voice) said = "";
    } catch (error) {
      update(uploads, upload.key, { progress: null, wrong: saidOf(error) });
    }
  }
  return uploads.value;
}

function List({ uploads }: { uploads: Signal<Upload[]> }): VNode | null {
  if (!uploads.value.length) return null;
  return (
    <ul class="uploads">
      {uploads.value.map((upload) => (
        <li key={upload.key} class={upload.wrong ? "wrong" : ""}>
          <Icon name="file" />
          <span>
            {upload.voice ? (
              // biome-ignore lint/a11y/useMediaCaption: one's own voice, before it is sent
              <audio controls src={upload.voice} aria-label={t().inbox.record} />
            ) : (
              <b>{upload.file.name}</b>
            )}
            <small>{upload.wrong ?? sizeOf(upload.file.size)}</small>
            {upload.progress !== null && <progress value={upload.progress} />}
          </span>
          <IconButton
            icon="close"
            label={t().composer.removeFile(upload.file.name)}
            onClick={() => {
              forget(upload);
              uploads.value = uploads.value.filter((one) => one.key !== upload.key);
            }}
          />
        </li>
      ))}
    </ul>
  );
}

export const Files = { send, List };
