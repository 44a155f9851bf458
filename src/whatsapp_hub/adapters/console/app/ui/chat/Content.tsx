import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { MediaOfMessage, Message } from "../../core/entities.ts";
import { isOurs, mediaOf } from "../../core/media.ts";
import { api } from "../../state/api.ts";
import { kindOf, momentOf, numberOf, t } from "../../state/i18n.ts";
import * as pictures from "../../state/pictures.ts";
import { Icon, type IconName } from "../kit/Icon.tsx";
import { Sound } from "./Sound.tsx";

type Data = Message["data"];

/** What a message holds besides its text. Files come from the hub alone: nothing is ever loaded from elsewhere. */
export function Content({ m }: { m: Message }): VNode | null {
  const media = mediaOf(m);
  const data = m.data;
  switch (data.kind) {
    case "image":
    case "sticker":
      return <Picture m={m} media={media} />;
    case "video":
      return <Video media={media} />;
    case "audio":
      return <Heard media={media} isVoice={data.voice} seconds={data.seconds} />;
    case "document":
      return <FileLine icon="file" media={media} kind={kindOf("DOCUMENT")} />;
    case "location":
      return <Place data={data} />;
    case "contacts":
      return <Cards data={data} />;
    case "unsupported":
      return m.content ? null : <Kind text={t().chat.unsupported} />;
    case "text":
      return null;
    default:
      return <Listed m={m} data={data} />;
  }
}

function Kind({ text }: { text: string }): VNode {
  return (
    <p class="kind">
      <Icon name="help" size="tiny" /> {text}
    </p>
  );
}

function Video({ media }: { media: MediaOfMessage | null }): VNode {
  if (!media?.url || !isOurs(media.url)) return <FileLine icon="play" media={media} kind={kindOf("VIDEO")} />;
  return (
    // biome-ignore lint/a11y/useMediaCaption: customers' videos have none
    <video
      class="media"
      controls
      preload="metadata"
      src={api.address(media.url)}
      width={media.width ?? undefined}
      height={media.height ?? undefined}
    />
  );
}

function Heard({
  media,
  isVoice,
  seconds,
}: {
  media: MediaOfMessage | null;
  isVoice: boolean;
  seconds: number | null;
}): VNode {
  if (!media?.url || !isOurs(media.url)) {
    const length = seconds ? ` ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "";
    return <FileLine icon={isVoice ? "mic" : "play"} media={media} kind={kindOf("AUDIO") + length} />;
  }
  return <Sound address={api.address(media.url)} />;
}

function Picture({ m, media }: { m: Message; media: MediaOfMessage | null }): VNode {
  const [isBroken, setBroken] = useState(false);
  const url = media?.url;
  if (!url || !isOurs(url) || isBroken) return <FileLine icon="file" media={media} kind={kindOf(m.type)} />;
  const width = media.width ?? 4;
  const height = media.height ?? 3;
  return (
    <button
      type="button"
      class={m.type === "STICKER" ? "picture sticker" : "picture"}
      style={{ aspectRatio: `${width} / ${height}` }}
      aria-label={t().chat.openPicture}
      onClick={() => pictures.show(m)}
    >
      <img
        src={api.address(media.thumbnailUrl ?? url)}
        alt={m.content ?? kindOf(m.type)}
        loading="lazy"
        decoding="async"
        onError={() => setBroken(true)}
      />
    </button>
  );
}

function FileLine({ icon, media, kind }: { icon: IconName; media: MediaOfMessage | null; kind: string }): VNode {
  const url = media?.url;
  const inside = (
    <>
      <Icon name={icon} />
      <span>
        <b>{media?.fileName ?? kind}</b>
        <small>{media?.size ? sizeOf(media.size) : url ? kind : t().chat.onPhoneOnly}</small>
      </span>
      {url && isOurs(url) && <Icon name="download" size="tiny" />}
    </>
  );
  return url && isOurs(url) ? (
    <a class="file" href={api.address(url)} download={media?.fileName ?? true}>
      {inside}
    </a>
  ) : (
    <span class="file">{inside}</span>
  );
}

export function sizeOf(bytes: number): string {
  return bytes < 1024 * 1024 ? `${numberOf(Math.max(1, bytes / 1024))} kB` : `${numberOf(bytes / 1024 / 1024, 1)} MB`;
}

function Place({ data }: { data: Extract<Data, { kind: "location" }> }): VNode {
  const { latitude, longitude } = data;
  const words = [data.name, data.address].filter(Boolean).join(", ");
  return (
    <p class="kind">
      <Icon name="pin" />
      {latitude !== null && longitude !== null ? (
        <a
          href={`https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`}
          target="_blank"
          rel="noopener noreferrer"
        >
          {words || `${latitude}, ${longitude}`}
        </a>
      ) : (
        words || kindOf("LOCATION")
      )}
    </p>
  );
}

function Cards({ data }: { data: Extract<Data, { kind: "contacts" }> }): VNode {
  return (
    <ul class="cards">
      {data.cards.map((card, n) => (
        <li key={n}>
          <Icon name="user" /> {card.name ?? kindOf("CONTACTS")}
          <small>{card.phones.join(", ")}</small>
        </li>
      ))}
    </ul>
  );
}

/** Buttons, lists, polls, orders, events: a heading, and what could be chosen. */
function Listed({ m, data }: { m: Message; data: Data }): VNode | null {
  const { title, options } = listedOf(data);
  if (!title && !options.length) return m.content ? null : <Kind text={kindOf(m.type)} />;
  return (
    <div class="options">
      {title && title !== m.content && <b dir="auto">{title}</b>}
      {options.map((option, n) => (
        <span key={n} dir="auto">
          {option}
        </span>
      ))}
    </div>
  );
}

function listedOf(data: Data): { title: string | null; options: string[] } {
  switch (data.kind) {
    case "buttons":
      return { title: null, options: data.buttons.map((button) => button.title) };
    case "list":
      return { title: null, options: data.sections.flatMap((section) => section.rows.map((row) => row.title)) };
    case "poll":
      return {
        title: data.question,
        options: data.options.map((option) => `${option}${votesFor(data.votes, option)}`),
      };
    case "template":
      return { title: data.name, options: [] };
    case "event":
      return {
        title: data.name,
        options: [data.startsAt ? momentOf(data.startsAt) : null, data.place].filter((one) => one !== null),
      };
    case "order":
      return {
        title: kindOf("ORDER"),
        options: data.lines.map((line) => `${numberOf(line.quantity)} × ${line.product}`),
      };
    default:
      return { title: null, options: [] };
  }
}

function votesFor(votes: readonly { options: string[] }[], option: string): string {
  const count = votes.filter((vote) => vote.options.includes(option)).length;
  return count ? ` · ${numberOf(count)}` : "";
}
