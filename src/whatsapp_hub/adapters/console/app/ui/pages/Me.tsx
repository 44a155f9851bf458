import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { allowDesktop, chime } from "../../adapters/signals.ts";
import type { Language, SignInView } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import { LANGUAGES, language, momentOf, speak, t } from "../../state/i18n.ts";
import { me, recognise } from "../../state/session.ts";
import { change, settings } from "../../state/settings.ts";
import { attempt, complain, say } from "../../state/toasts.ts";
import { Button, Field, Segments, Select, Switch } from "../kit/controls.tsx";
import { Dialog } from "../kit/overlays.tsx";
import { EnrolForm } from "../shell/Enrol.tsx";
import { FormDialog, PageHead } from "./parts.tsx";

/** One's own settings: how the console looks and calls, password, second factor, where one is signed in. */
export default function Me(): VNode {
  const own = settings.value;
  const [dialog, setDialog] = useState<"password" | "factor" | null>(null);
  return (
    <>
      <PageHead title={t().me.settings} more={me.value?.email} />
      <div class="form settings">
        <h2>{t().settings.looks}</h2>
        <Select
          label={t().settings.language}
          value={language.value}
          options={LANGUAGES.map((l) => ({ value: l.code, label: l.name }))}
          onChange={(code) => {
            change({ language: code as Language });
            void speak(code as Language);
          }}
        />
        <Setting label={t().settings.theme}>
          <Segments
            label={t().settings.theme}
            value={own.theme}
            onChange={(theme) => change({ theme })}
            options={(["system", "light", "dark"] as const).map((value) => ({
              value,
              label: t().settings.themes[value],
            }))}
          />
        </Setting>
        <Setting label={t().settings.density}>
          <Segments
            label={t().settings.density}
            value={own.density}
            onChange={(density) => change({ density })}
            options={(["comfortable", "compact"] as const).map((value) => ({
              value,
              label: t().settings.densities[value],
            }))}
          />
        </Setting>
        <h2>{t().settings.writing}</h2>
        <Switch
          label={t().settings.enterSends}
          checked={own.enterSends}
          onChange={(enterSends) => change({ enterSends })}
        />
        <Switch
          label={t().settings.shortcuts}
          checked={own.shortcuts}
          onChange={(shortcuts) => change({ shortcuts })}
        />
        <h2>{t().settings.calls}</h2>
        <Switch
          label={t().settings.sound}
          checked={own.sound}
          onChange={(sound) => {
            change({ sound });
            if (sound) chime();
          }}
        />
        <Switch
          label={t().settings.desktop}
          checked={own.desktop}
          onChange={(desktop) => {
            if (desktop)
              void allowDesktop().then((isAllowed) =>
                isAllowed ? change({ desktop: true }) : say(t().settings.desktopDenied, "danger"),
              );
            else change({ desktop: false });
          }}
        />
        <h2>{t().settings.security}</h2>
        <div class="labels">
          <Button icon="key" onClick={() => setDialog("password")}>
            {t().settings.password}
          </Button>
          {!me.value?.secondFactor && <Button onClick={() => setDialog("factor")}>{t().enrol.title}</Button>}
        </div>
        <SignIns />
      </div>
      {dialog === "password" && <Password onClose={() => setDialog(null)} />}
      {dialog === "factor" && (
        <Dialog title={t().enrol.title} onClose={() => setDialog(null)}>
          <EnrolForm done={() => void recognise().then(() => setDialog(null))} />
        </Dialog>
      )}
    </>
  );
}

function Setting({ label, children }: { label: string; children: VNode }): VNode {
  return (
    <div class="field">
      <span class="label">{label}</span>
      {children}
    </div>
  );
}

function Password({ onClose }: { onClose: () => void }): VNode {
  const [current, setCurrent] = useState("");
  const [chosen, setChosen] = useState("");
  const submit = async (): Promise<void> => {
    await api.send("PATCH", "/api/auth/password", { currentPassword: current, newPassword: chosen });
    say(t().settings.passwordChanged, "ok");
    onClose();
  };
  return (
    <FormDialog title={t().settings.password} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          <Field
            label={t().settings.current}
            name="current"
            type="password"
            autoComplete="current-password"
            required
            autoFocus
            value={current}
            onInput={setCurrent}
            wrong={wrong("currentPassword")}
          />
          <Field
            label={t().settings.chosen}
            name="new"
            type="password"
            autoComplete="new-password"
            required
            value={chosen}
            onInput={setChosen}
            wrong={wrong("newPassword")}
            hint={t().settings.chosenHint}
          />
        </>
      )}
    </FormDialog>
  );
}

function SignIns(): VNode {
  const [found, setFound] = useState<SignInView[]>([]);
  const load = (): void =>
    void api.get<SignInView[]>("/api/auth/sign-ins", { limit: 50 }).then((answer) => setFound(answer.data), complain);
  useEffect(load, []);
  const end = async (one: SignInView): Promise<void> => {
    await attempt(() => api.send("DELETE", `/api/auth/sign-ins/${one.id}`));
    load();
  };
  return (
    <div class="field">
      <span class="label">{t().settings.signIns}</span>
      <ul class="sign-ins">
        {found.map((one) => (
          <li key={one.id}>
            <span>
              {browserOf(one.userAgent)} · {one.ipAddress ?? "—"}
              <small> {momentOf(one.lastSeenAt)}</small>
            </span>
            {one.current ? (
              <span class="chip ok">{t().settings.thisOne}</span>
            ) : (
              <Button small onClick={() => void end(one)}>
                {t().settings.end}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function browserOf(agent: string | null): string {
  const name = /Edg|OPR|Firefox|Chrome|Safari/.exec(agent ?? "")?.[0];
  const system = /Windows|Macintosh|Android|iPhone|Linux/.exec(agent ?? "")?.[0];
  return name
    ? [name.replace("Edg", "Edge").replace("OPR", "Opera"), system].filter(Boolean).join(", ")
    : (agent ?? "—").slice(0, 40);
}
