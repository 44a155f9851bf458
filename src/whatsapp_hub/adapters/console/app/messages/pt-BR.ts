import { desk } from "./pt-BR/desk.ts";

/** What the page needs before somebody is signed in. */
export type FirstMessages = typeof desk;
export type Messages = FirstMessages & typeof import("./pt-BR/behind.ts").behind;
export default desk;
