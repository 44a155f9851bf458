import { desk } from "./en/desk.ts";
import { shell } from "./en/shell.ts";

export default { ...shell, ...desk };
