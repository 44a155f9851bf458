import { admin } from "./es/admin.ts";
import { desk } from "./es/desk.ts";
import { pages } from "./es/pages.ts";
import type { Messages } from "./pt-BR.ts";

const texts: Messages = { ...desk, ...pages, ...admin };

export default texts;
