import { desk } from "./es/desk.ts";
import { inbox } from "./es/inbox.ts";
import { pages } from "./es/pages.ts";
import type { FirstMessages } from "./pt-BR.ts";

const texts: FirstMessages = { ...desk, inbox, ...pages };

export default texts;
