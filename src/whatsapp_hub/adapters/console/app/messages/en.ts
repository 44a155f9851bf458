import { admin } from "./en/admin.ts";
import { desk } from "./en/desk.ts";
import { inbox } from "./en/inbox.ts";
import { pages } from "./en/pages.ts";
import type { Messages } from "./pt-BR.ts";

const texts: Messages = { ...desk, inbox, ...pages, ...admin };

export default texts;
