import { desk } from "./pt-BR/desk.ts";
import { inbox } from "./pt-BR/inbox.ts";
import { pages } from "./pt-BR/pages.ts";

const texts = { ...desk, inbox, ...pages };

/** What the page needs before somebody is signed in. */
export type FirstMessages = typeof texts;
export type Messages = FirstMessages & typeof import("./pt-BR/admin.ts").admin;
export default texts;
