import { admin } from "./en/admin.ts";
import { desk } from "./en/desk.ts";
import { pages } from "./en/pages.ts";
import type { Messages } from "./pt-BR.ts";

const texts: Messages = { ...desk, ...pages, ...admin };

export default texts;
