import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { MethodsView } from "../../core/entities.ts";
import { Problem } from "../../ports/index.ts";
import { api } from "../../state/api.ts";
import { LANGUAGES, language, speak, t } from "../../state/i18n.ts";
import { go, path } from "../../state/route.ts";
import { signIn, standing } from "../../state/session.ts";
import { change } from "../../state/settings.ts";
import { saidOf } from "../../state/toasts.ts";
import { Button, Field } from "../kit/controls.tsx";
import { Mark } from "./Mark.tsx";

export function Login(): VNode {
  return (
    <main class="login">
      <div class="login-card">
        <Mark />
        <h1>{t().login.title}</h1>
        <SignInForm />
      </div>
      <nav class="languages" aria-label={t().login.language}>
        {LANGUAGES.map((l) => (
          <button
            key={l.code}
            type="button"
            lang={l.code}
            aria-pressed={l.code === language.value}
            onClick={() => {
              change({ language: l.code });
              void speak(l.code);
            }}
          >
            {l.name}
          </button>
        ))}
      </nav>
    </main>
  );
}

/** E-mail and password, a code where a second factor is on, and the way by an OpenID provider where there is one. */
export function SignInForm(): VNode {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [needsCode, setNeedsCode] = useState(false);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const [methods, setMethods] = useState<MethodsView | null>(null);
  useEffect(() => {
    void api
      .get<MethodsView>("/api/auth/methods")
      .then((answer) => setMethods(answer.data))
      .catch(() => {});
  }, []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setWrong("");
    try {
      await signIn(email.trim(), password, code.trim());
      if (standing.value === "in" && !path.value.startsWith("/dashboard")) go("/dashboard", { replace: true });
    } catch (error) {
      if (error instanceof Problem && error.kind === "second-factor-required") {
        setWrong(needsCode ? t().login.wrongCode : "");
        setNeedsCode(true);
      } else if (error instanceof Problem && error.status === 401 && error.kind === "unauthenticated") {
        setWrong(t().login.wrong);
      } else if (error instanceof Problem && error.retryAfterS) {
        setWrong(t().login.wait(error.retryAfterS));
      } else {
        setWrong(saidOf(error));
      }
    } finally {
      setBusy(false);
    }
  };

  return (
    <form class="form" onSubmit={submit}>
      <Field
        label={t().login.email}
        name="email"
        type="email"
        inputMode="email"
        autoComplete="username"
        required
        autoFocus
        value={email}
        onInput={setEmail}
      />
      <Field
        label={t().login.password}
        name="password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onInput={setPassword}
      />
      {needsCode && (
        <Field
          label={t().login.code}
          name="code"
          inputMode="text"
          autoComplete="one-time-code"
          autoFocus
          hint={t().login.codeHint}
          value={code}
          onInput={setCode}
        />
      )}
      <p class="form-wrong" role="alert">
        {wrong}
      </p>
      <Button type="submit" kind="primary" disabled={busy}>
        {t().login.enter}
      </Button>
      {methods?.oidc && (
        <a class="button" href={`${methods.oidc.url}?next=/dashboard`}>
          {methods.oidc.label}
        </a>
      )}
    </form>
  );
}
