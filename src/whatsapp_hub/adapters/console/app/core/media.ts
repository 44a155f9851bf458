// The file of a message: as the hub has it, or what is known of it.
import type { MediaOfMessage, Message } from "./entities.ts";

/** The file, where the hub has it; else what is known of it. */
export function mediaOf(m: Message): MediaOfMessage | null {
  const data = "mimeType" in m.data ? m.data : null;
  const known = {
    id: null,
    mimeType: data?.mimeType ?? null,
    fileName: data?.fileName ?? null,
    size: data?.size ?? null,
    width: data && "width" in data ? data.width : null,
    height: data && "height" in data ? data.height : null,
    url: m.mediaUrl,
  };
  const { media } = m;
  return media
    ? { ...known, ...Object.fromEntries(Object.entries(media).filter(([, value]) => value !== null)) }
    : known;
}

/** Whether the hub serves a file: nothing is ever loaded from elsewhere. */
export function isOurs(url: string): boolean {
  return url.startsWith("/api/media/");
}

/** The pictures among messages that can be shown by themselves, in their order; deleted ones and stickers are none. */
export function picturesOf(messages: readonly Message[]): Message[] {
  return messages.filter((m) => m.data.kind === "image" && !m.revokedAt && isOurs(mediaOf(m)?.url ?? ""));
}
