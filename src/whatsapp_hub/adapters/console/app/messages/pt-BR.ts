import { desk } from "./pt-BR/desk.ts";
import { pages } from "./pt-BR/pages.ts";

const texts = { ...desk, ...pages };

export type Messages = typeof texts;
export default texts;
