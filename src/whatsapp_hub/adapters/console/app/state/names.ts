// What customers are called on the page.
import type { Conversation } from "../core/entities.ts";
import type { ContactView } from "../core/schema.ts";
import { t } from "./i18n.ts";

export function customerOf(c: Conversation): string {
  return c.customerName ?? phoneOf(c.customerPhone) ?? t().chat.unnamed;
}

/** A number as people read it; what is none stays as it is. */
export function phoneOf(digits: string | null): string | null {
  if (!digits || !/^\d{8,15}$/.test(digits)) return digits;
  const brazil = /^55(\d{2})(\d{4,5})(\d{4})$/.exec(digits);
  return brazil ? `+55 ${brazil[1]} ${brazil[2]}-${brazil[3]}` : `+${digits}`;
}

/** What a contact is called: by the company, by themselves, or by a number. */
export function contactName(contact: ContactView): string {
  return contact.name ?? contact.profileName ?? phoneOf(contact.phoneNumber) ?? contact.identities[0]?.value ?? "—";
}
