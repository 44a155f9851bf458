import { desk } from "./en/desk.ts";

export default desk;
