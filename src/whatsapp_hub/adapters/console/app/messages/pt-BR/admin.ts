/** Textos da administração: quem mudou o quê, regras, webhooks, chaves, eventos, empresas. */
export const admin = {
  changes: {
    everything: "Tudo",
    what: "O quê",
    copy: "Copiar como JSON",
    verbs: { create: "criou", update: "alterou", delete: "apagou" },
    entities: {
      conversation: "Conversa",
      department: "Departamento",
      api_key: "Chave de API",
      oidc_link: "Vínculo OpenID",
      password_reset: "Link de senha",
      second_factor: "Segundo fator",
      session: "Número",
      sign_in: "Entrada",
      company: "Empresa",
      user: "Pessoa",
      webhook: "Webhook",
      note: "Nota",
      quick_reply: "Resposta rápida",
      rule: "Regra",
      contact: "Cliente",
      contact_erasure: "Apagamento de cliente",
      contact_export: "Exportação de cliente",
    },
  },
};
