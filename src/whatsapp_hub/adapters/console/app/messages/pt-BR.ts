import { desk } from "./pt-BR/desk.ts";
import { shell } from "./pt-BR/shell.ts";

const first = { ...shell, ...desk };

/** What the page needs before somebody is signed in. */
export type FirstMessages = typeof first;
export type Messages = FirstMessages & typeof import("./pt-BR/behind.ts").behind;
export default first;
