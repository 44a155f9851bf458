import { admin } from "./es/admin.ts";
import { desk } from "./es/desk.ts";
import { inbox } from "./es/inbox.ts";
import { pages } from "./es/pages.ts";
import type { Messages } from "./pt-BR.ts";

const texts: Messages = { ...desk, inbox, ...pages, ...admin };

export default texts;
