import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { api } from "../../state/api.ts";
import { t } from "../../state/i18n.ts";
import { recognise, signOut } from "../../state/session.ts";
import { saidOf } from "../../state/toasts.ts";
import { Button, Field } from "../kit/controls.tsx";

interface Secret {
  secret: string;
  uri: string;
  qrCode: string;
}

/** The company requires a second factor: enrol one before anything else. */
export function Enrol(): VNode {
  return (
    <main class="login">
      <div class="login-card">
        <h1>{t().enrol.title}</h1>
        <EnrolForm done={() => void recognise()} />
        <Button kind="quiet" onClick={() => void signOut()}>
          {t().me.signOut}
        </Button>
      </div>
    </main>
  );
}

/** From the password to a secret, from the secret's first code to recovery codes. */
export function EnrolForm({ done }: { done: () => void }): VNode {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [secret, setSecret] = useState<Secret | null>(null);
  const [recovery, setRecovery] = useState<string[] | null>(null);
  const [wrong, setWrong] = useState("");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setWrong("");
    try {
      if (!secret) setSecret((await api.send<Secret>("POST", "/api/auth/second-factor", { password })).data);
      else
        setRecovery(
          (await api.send<{ recoveryCodes: string[] }>("POST", "/api/auth/second-factor/confirm", { code })).data
            .recoveryCodes,
        );
    } catch (error) {
      setWrong(saidOf(error));
    }
  };
  if (recovery) {
    return (
      <div class="form">
        <p>{t().enrol.keep}</p>
        <pre class="codes">{recovery.join("\n")}</pre>
        <Button kind="primary" onClick={done}>
          {t().enrol.kept}
        </Button>
      </div>
    );
  }
  return (
    <form class="form" onSubmit={submit}>
      {secret ? (
        <>
          <p>{t().enrol.scan}</p>
          <img class="qr" src={secret.qrCode} alt={t().enrol.title} width={200} height={200} />
          <code>{secret.secret}</code>
          <Field
            label={t().login.code}
            name="code"
            autoFocus
            required
            autoComplete="one-time-code"
            value={code}
            onInput={setCode}
          />
        </>
      ) : (
        <>
          <p>{t().enrol.why}</p>
          <Field
            label={t().login.password}
            name="password"
            type="password"
            autoComplete="current-password"
            autoFocus
            required
            value={password}
            onInput={setPassword}
          />
        </>
      )}
      <p class="form-wrong" role="alert">
        {wrong}
      </p>
      <Button type="submit" kind="primary">
        {t().enrol.next}
      </Button>
    </form>
  );
}
