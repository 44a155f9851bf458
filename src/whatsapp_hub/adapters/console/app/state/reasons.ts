// Codes of the hub, said in the reader's language: why a conversation is where it is, why a number is as it is.
import type { Conversation, SessionDetail } from "../core/entities.ts";
import { departmentById, nameOf, users } from "./directory.ts";
import { momentOf, t } from "./i18n.ts";

/** Why a conversation is where it is; the hub's own sentence where a code has no text. */
export function reasonOf(c: Conversation): string | null {
  if (!c.routingReason) return null;
  const said = c.routingReasonParts.map((part) => {
    const words = t().reasons[part.code as keyof ReturnType<typeof t>["reasons"]];
    return words ? filled(words, part.values) : null;
  });
  return said.length && said.every(Boolean) ? said.join(" · ") : c.routingReason;
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
  const words = t().session.reasons[code as keyof ReturnType<typeof t>["session"]["reasons"]];
  if (!words) return values?.detail ?? statusReason;
  if (code === "banned_until" && values?.until) return `${words} ${momentOf(values.until)}`;
  return values?.detail ? `${words} (${values.detail})` : words;
}
