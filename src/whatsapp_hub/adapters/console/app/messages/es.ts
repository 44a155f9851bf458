import { desk } from "./es/desk.ts";

export default desk;
