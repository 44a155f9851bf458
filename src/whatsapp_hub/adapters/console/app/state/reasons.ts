// Codes of the hub, said in the reader's language: why a conversation is where it is, why a number is as it is.
import type { Conversation, SessionDetail } from "../core/entities.ts";
import { departmentById, nameOf, users } from "./directory.ts";
import { momentOf, t } from "./i18n.ts";

type Texts = Readonly<Record<string, string | undefined>>;

/** Why a conversation is where it is; the hub's own sentence where none of its codes has a text. */
export function reasonOf(c: Conversation): string | null {
  if (!c.routingReason) return null;
  const texts: Texts = t().reasons;
  const said = c.routingReasonParts.flatMap((part) => {
    const words = texts[part.code];
    return words ? [filled(words, part.values)] : [];
  });
  return said.length ? said.join(" · ") : c.routingReason;
}

function filled(words: string, values: Readonly<Record<string, unknown>>): string {
  return words.replace(/\{(\w+)\}/g, (_, name: string) => spoken(values[name]));
}

function spoken(value: unknown): string {
  if (Array.isArray(value)) return value.map(spoken).join(", ");
  if (value === null || value === undefined) return "—";
  const text = String(value);
  if (text.includes("@")) return users.value.find((user) => user.email === text)?.name ?? text;
  if (!/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text)) return text;
  return departmentById.value.get(text)?.name ?? nameOf(text);
}

/** Why a number has its status. */
export function sessionReasonOf(
  session: Pick<SessionDetail, "statusReason" | "statusReasonCode" | "statusReasonValues">,
): string {
  const { statusReason, statusReasonCode: code, statusReasonValues: values } = session;
  if (!statusReason) return "";
  const texts: Texts = t().session.reasons;
  const words = code ? texts[code] : undefined;
  if (!words) return values?.detail ?? statusReason;
  if (code === "banned_until" && values?.until) return `${words} ${momentOf(values.until)}`;
  return values?.detail ? `${words} (${values.detail})` : words;
}
