import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { SessionDetail } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";
import { Field, Select } from "../kit/controls.tsx";
import { FormDialog } from "./parts.tsx";

export const PROVIDERS = ["SANDBOX", "NEONIZE", "META", "WAHA"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** What each provider needs to know; secrets are written, never shown again. */
const SETTINGS: Record<ProviderName, readonly { name: string; secret?: boolean; needed?: boolean }[]> = {
  SANDBOX: [],
  NEONIZE: [],
  META: [
    { name: "phoneNumberId", needed: true },
    { name: "businessAccountId" },
    { name: "accessToken", secret: true, needed: true },
    { name: "appSecret", secret: true },
    { name: "verifyToken", secret: true },
  ],
  WAHA: [
    { name: "url", needed: true },
    { name: "apiKey", secret: true, needed: true },
    { name: "session", needed: true },
    { name: "hmacKey", secret: true },
  ],
};

/** Make a sandbox number and start it; it needs no phone. */
export async function makeSandbox(name: string): Promise<SessionDetail> {
  const { data } = await api.send<SessionDetail>("POST", "/api/sessions", {
    name,
    provider: "SANDBOX",
    routing: "departments",
  });
  await api.send("POST", `/api/sessions/${data.id}/start`);
  await directory.loadSessions();
  return data;
}

/** A new number: its name, through what it connects, and who answers there. */
export function NewSession({
  onClose,
  onMade,
}: {
  onClose: () => void;
  onMade: (session: SessionDetail) => void;
}): VNode {
  const [name, setName] = useState("");
  const [provider, setProvider] = useState<ProviderName>("SANDBOX");
  const [routing, setRouting] = useState<"departments" | "none">("departments");
  const [settings, setSettings] = useState<Record<string, string>>({});
  const submit = async (): Promise<void> => {
    const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value.trim()));
    const made = await api.send<SessionDetail>("POST", "/api/sessions", { name, provider, routing, settings: given });
    const started = await api.send<SessionDetail>("POST", `/api/sessions/${made.data.id}/start`).catch(() => made);
    await directory.loadSessions();
    onMade(started.data);
  };
  return (
    <FormDialog title={t().numbers.add} onClose={onClose} onSubmit={submit} submit={t().numbers.create}>
      {(wrong) => (
        <>
          <Field
            label={t().numbers.name}
            name="name"
            required
            autoFocus
            value={name}
            onInput={setName}
            wrong={wrong("name")}
            hint={t().numbers.nameHint}
          />
          <Select
            label={t().numbers.provider}
            value={provider}
            onChange={(value) => setProvider(value as ProviderName)}
            options={PROVIDERS.map((p) => ({ value: p, label: t().numbers.providers[p] }))}
            wrong={wrong("provider")}
          />
          <ProviderSettings provider={provider} settings={settings} onChange={setSettings} wrong={wrong} />
          <Select
            label={t().numbers.who}
            value={routing}
            onChange={(value) => setRouting(value as "departments" | "none")}
            options={[
              { value: "departments", label: t().numbers.routed },
              { value: "none", label: t().numbers.gateway },
            ]}
          />
          {provider === "META" && <p class="hint">{t().numbers.metaHint(`${location.origin}/webhooks/whatsapp`)}</p>}
        </>
      )}
    </FormDialog>
  );
}

interface ProviderSettingsProps {
  provider: ProviderName;
  settings: Record<string, string>;
  onChange: (settings: Record<string, string>) => void;
  wrong: (field: string) => string | undefined;
}

/** A field for each setting of a provider. */
export function ProviderSettings({ provider, settings, onChange, wrong }: ProviderSettingsProps): VNode {
  return (
    <>
      {SETTINGS[provider].map((setting) => (
        <Field
          key={`${provider} ${setting.name}`}
          label={t().numbers.settings[setting.name as keyof ReturnType<typeof t>["numbers"]["settings"]]}
          name={setting.name}
          type={setting.secret ? "password" : "text"}
          autoComplete="off"
          required={setting.needed ?? false}
          value={settings[setting.name] ?? ""}
          onInput={(value) => onChange({ ...settings, [setting.name]: value })}
          wrong={wrong(`settings/${setting.name}`)}
        />
      ))}
    </>
  );
}
