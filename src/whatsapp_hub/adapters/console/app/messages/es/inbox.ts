import type { inbox as Portuguese } from "../pt-BR/inbox.ts";

/** Texts of what is done together in the inbox. */
export const inbox: typeof Portuguese = {
  usedLink: "Este enlace ya se usó o es demasiado antiguo. Entre con correo y contraseña.",
  unread: "No leídas",
  window: { closing: "La ventana se cierra pronto", closed: "Ventana cerrada" },
  further: "Buscar más atrás",
  looks: (name) => `${name} está mirando`,
  crossing: (name) => `${name} también está escribiendo aquí.`,
  somebody: "Alguien",
  wait: "Esperar",
  searchAll: "Buscar en los mensajes",
  searchHere: "Buscar en esta conversación",
  searchFor: (words) => `Buscar «${words}» en los mensajes`,
  noHits: "Ningún mensaje dice esto",
  hits: "Lo que se encontró",
  toNewest: "Ir a lo más nuevo",
  ours: "Nosotros",
};
