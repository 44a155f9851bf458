import type { admin as Portuguese } from "../pt-BR/admin.ts";

/** Texts of administration: who changed what, rules, webhooks, keys, events, companies. */
export const admin: typeof Portuguese = {
  changes: {
    everything: "Todo",
    what: "Qué",
    copy: "Copiar como JSON",
    verbs: { create: "creó", update: "cambió", delete: "borró" },
    entities: {
      conversation: "Conversación",
      department: "Departamento",
      api_key: "Clave de API",
      oidc_link: "Vínculo OpenID",
      password_reset: "Enlace de contraseña",
      second_factor: "Segundo factor",
      session: "Número",
      sign_in: "Entrada",
      company: "Empresa",
      user: "Persona",
      webhook: "Webhook",
      note: "Nota",
      quick_reply: "Respuesta rápida",
      rule: "Regla",
      contact: "Cliente",
      contact_erasure: "Borrado de un cliente",
      contact_export: "Exportación de un cliente",
    },
  },
};
