import { desk } from "./es/desk.ts";
import { shell } from "./es/shell.ts";

export default { ...shell, ...desk };
