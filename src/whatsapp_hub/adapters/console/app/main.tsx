import { render } from "preact";
import { readAhead } from "./state/ahead.ts";
import { begin, expect, t } from "./state/i18n.ts";
import { follow, go, path } from "./state/route.ts";
import { enterByLink, exchange, recognise, standing } from "./state/session.ts";
import { complain, say } from "./state/toasts.ts";
import { App, load } from "./ui/shell/App.tsx";

document.addEventListener("click", follow);

async function start(): Promise<void> {
  expect();
  const given = new URLSearchParams(location.hash.slice(1));
  const [code, link] = [given.get("code"), given.get("in")];
  if (code || link) history.replaceState(null, "", location.pathname + location.search);
  if (code || link) await begin();
  else if (path.value !== "/login") readAhead();
  if (code) await exchange(code).catch(complain);
  if (link) await enterByLink(link).catch(() => say(t().login.usedLink, "danger"));
  if (standing.value !== "in") await recognise();
  if (standing.value === "in") await load();
  else await begin();
  if (standing.value === "in" && (path.value === "/login" || path.value === "/")) go("/dashboard", { replace: true });
  render(<App />, document.getElementById("app")!);
}

void start();
