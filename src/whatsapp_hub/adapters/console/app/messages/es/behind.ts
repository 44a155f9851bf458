import { admin } from "./admin.ts";
import { inbox } from "./inbox.ts";
import { pages } from "./pages.ts";
import { work } from "./work.ts";

/** All that is behind the sign-in. */
export const behind = { ...admin, ...pages, ...work, inbox };
