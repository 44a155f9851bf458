// Texts of what is done together in the inbox, in Brazilian Portuguese, by whose shape the others are checked.

export const inbox = {
  usedLink: "Este link já foi usado ou é antigo demais. Entre com e-mail e senha.",
  unread: "Não lidas",
  window: { closing: "A janela fecha em breve", closed: "Janela fechada" },
  further: "Procurar mais para trás",
  looks: (name: string) => `${name} está vendo`,
  crossing: (name: string) => `${name} também está escrevendo aqui.`,
  somebody: "Alguém",
  wait: "Esperar",
  searchAll: "Buscar nas mensagens",
  searchHere: "Buscar nesta conversa",
  searchFor: (words: string) => `Buscar “${words}” nas mensagens`,
  noHits: "Nenhuma mensagem diz isso",
  hits: "O que foi encontrado",
  toNewest: "Ir ao mais recente",
  ours: "Nós",
};
