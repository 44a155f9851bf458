import type { admin as Portuguese } from "../pt-BR/admin.ts";

/** Texts of administration: who changed what, rules, webhooks, keys, events, companies. */
export const admin: typeof Portuguese = {
  changes: {
    everything: "Everything",
    what: "What",
    copy: "Copy as JSON",
    verbs: { create: "created", update: "changed", delete: "deleted" },
    entities: {
      conversation: "Conversation",
      department: "Department",
      api_key: "API key",
      oidc_link: "OpenID link",
      password_reset: "Password link",
      second_factor: "Second factor",
      session: "Number",
      sign_in: "Sign-in",
      company: "Company",
      user: "Person",
      webhook: "Webhook",
      note: "Note",
      quick_reply: "Quick reply",
      rule: "Rule",
      contact: "Customer",
      contact_erasure: "Erasure of a customer",
      contact_export: "Export of a customer",
    },
  },
};
