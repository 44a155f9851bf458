import { render } from "preact";
import { begin } from "./state/i18n.ts";
import { follow, go, path } from "./state/route.ts";
import { exchange, recognise, standing } from "./state/session.ts";
import { complain } from "./state/toasts.ts";
import { App } from "./ui/shell/App.tsx";

document.addEventListener("click", follow);

async function start(): Promise<void> {
  await begin();
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    history.replaceState(null, "", location.pathname + location.search);
    await exchange(code).catch(complain);
  }
  if (standing.value !== "in") await recognise();
  if (standing.value === "in" && (path.value === "/login" || path.value === "/")) go("/dashboard", { replace: true });
  render(<App />, document.getElementById("app")!);
}

void start();
