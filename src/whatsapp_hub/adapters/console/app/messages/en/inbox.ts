import type { inbox as Portuguese } from "../pt-BR/inbox.ts";

/** Texts of what is done together in the inbox. */
export const inbox: typeof Portuguese = {
  usedLink: "This link was used already, or is too old. Sign in with e-mail and password.",
  unread: "Unread",
  window: { closing: "Window closes soon", closed: "Window closed" },
  further: "Look further back",
  looks: (name) => `${name} is looking`,
  crossing: (name) => `${name} is writing here too.`,
  somebody: "Somebody",
  wait: "Wait",
  searchAll: "Search messages",
  searchHere: "Search in this conversation",
  searchFor: (words) => `Search messages for “${words}”`,
  noHits: "No message says this",
  hits: "What was found",
  toNewest: "To the newest",
  ours: "We",
};
