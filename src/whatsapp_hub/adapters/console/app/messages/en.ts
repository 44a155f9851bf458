import { desk } from "./en/desk.ts";
import { inbox } from "./en/inbox.ts";
import { pages } from "./en/pages.ts";
import type { FirstMessages } from "./pt-BR.ts";

const texts: FirstMessages = { ...desk, inbox, ...pages };

export default texts;
