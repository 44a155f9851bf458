import { admin } from "./pt-BR/admin.ts";
import { desk } from "./pt-BR/desk.ts";
import { inbox } from "./pt-BR/inbox.ts";
import { pages } from "./pt-BR/pages.ts";

const texts = { ...desk, inbox, ...pages, ...admin };

export type Messages = typeof texts;
export default texts;
