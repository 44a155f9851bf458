import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { complete, t } from "../../state/i18n.ts";
import { recognise, standing } from "../../state/session.ts";
import { Button } from "../kit/controls.tsx";
import { Dialog, Toasts } from "../kit/overlays.tsx";
import { Enrol } from "./Enrol.tsx";
import { Login, SignInForm } from "./Login.tsx";

let desk: ComponentType | null = null;

/** Have the desk's code and texts here, so that it is shown at once. */
export async function load(): Promise<void> {
  const [module] = await Promise.all([import("./Desk.tsx"), complete()]);
  desk = module.Desk;
}

/** What is shown depends on who is signed in; the desk itself is loaded when somebody is. */
export function App(): VNode {
  return (
    <>
      <Page />
      <Toasts />
    </>
  );
}

function Page(): VNode | null {
  switch (standing.value) {
    case "in":
    case "expired":
      return (
        <>
          <Loaded />
          {standing.value === "expired" && (
            <Dialog title={t().login.again}>
              <p>{t().login.expired}</p>
              <SignInForm />
            </Dialog>
          )}
        </>
      );
    case "out":
      return <Login />;
    case "enrolling":
      return <Enrol />;
    case "unreachable":
      return <Unreachable />;
    default:
      return null;
  }
}

function Loaded(): VNode | null {
  const [Desk, setDesk] = useState<ComponentType | null>(() => desk);
  useEffect(() => {
    if (!Desk) void load().then(() => setDesk(() => desk));
  }, []);
  return Desk && <Desk />;
}

function Unreachable(): VNode {
  useEffect(() => {
    const timer = setInterval(() => void recognise(), 3_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <main class="login">
      <div class="login-card">
        <h1>{t().login.unreachable}</h1>
        <p>{t().login.unreachableMore}</p>
        <Button onClick={() => void recognise()}>{t().common.again}</Button>
      </div>
    </main>
  );
}
