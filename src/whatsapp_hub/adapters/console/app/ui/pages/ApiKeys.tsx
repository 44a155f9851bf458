import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ApiKeyBody, ApiKeyView, NewApiKey } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { dateOf, momentOf, t } from "../../state/i18n.ts";
import { me } from "../../state/session.ts";
import { complain } from "../../state/toasts.ts";
import { Empty, now } from "../kit/bits.tsx";
import { Button, Field, Segments, Switch } from "../kit/controls.tsx";
import { type Column, ConfirmDialog, FormDialog, PageHead, SecretDialog, Table } from "./parts.tsx";

/** The rights that a key may be given: those of an administrator. */
const NOT_A_KEYS: readonly string[] = ["choose-tenant", "manage-tenants"];

/** How the company's programs enter. */
export default function ApiKeys(): VNode {
  const [keys, setKeys] = useState<ApiKeyView[] | null>(null);
  const [isNew, setNew] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<ApiKeyView | null>(null);
  const load = async (): Promise<void> => setKeys(await directory.whole<ApiKeyView>("/api/api-keys"));
  useEffect(() => void load().catch(complain), []);
  const columns: Column<ApiKeyView>[] = [
    {
      label: t().apiKeys.name,
      shown: (k) => (
        <span class="person">
          <span>
            <b>{k.name}</b>
            <small>{k.hint}</small>
          </span>
        </span>
      ),
    },
    { label: t().apiKeys.may, shown: (k) => <span class="wide-text">{rightsOf(k)}</span> },
    { label: t().apiKeys.used, shown: (k) => (k.lastUsedAt ? momentOf(k.lastUsedAt) : t().apiKeys.never) },
    { label: t().apiKeys.expires, shown: (k) => stateOf(k) },
    {
      label: t().common.actions,
      shown: (k) =>
        k.revokedAt ? null : (
          <Button small kind="danger" onClick={() => setRevoking(k)}>
            {t().apiKeys.revoke}
          </Button>
        ),
    },
  ];
  return (
    <>
      <PageHead title={t().rail.keys} more={t().apiKeys.more}>
        <a class="button" href="/schema">
          {t().apiKeys.reference}
        </a>
        <Button kind="primary" icon="plus" onClick={() => setNew(true)}>
          {t().apiKeys.add}
        </Button>
      </PageHead>
      {keys?.length === 0 && <Empty icon="key" title={t().apiKeys.none} />}
      {keys && keys.length > 0 && <Table label={t().rail.keys} items={keys} columns={columns} idOf={(k) => k.id} />}
      {isNew && (
        <New
          onClose={() => setNew(false)}
          onMade={async (made) => {
            await load();
            setNew(false);
            setSecret(made.key);
          }}
        />
      )}
      {secret && <SecretDialog title={t().apiKeys.key} secret={secret} onClose={() => setSecret(null)} />}
      {revoking && (
        <ConfirmDialog
          title={t().apiKeys.revokeTitle(revoking.name)}
          more={t().apiKeys.revokeMore}
          submit={t().apiKeys.revoke}
          onClose={() => setRevoking(null)}
          onConfirm={async () => {
            await api.send("DELETE", `/api/api-keys/${revoking.id}`);
            await load();
          }}
        />
      )}
    </>
  );
}

function rightsOf(key: ApiKeyView): string {
  return key.scopes ? key.scopes.map(rightOf).join(", ") : t().apiKeys.everything;
}

/** A right in words; one that is not known here keeps its own name. */
function rightOf(name: string): string {
  return (t().rights as Record<string, string>)[name] ?? name;
}

function stateOf(key: ApiKeyView): VNode {
  if (key.revokedAt) return <span class="chip danger">{t().apiKeys.revoked}</span>;
  if (!key.expiresAt) return <>—</>;
  const isOver = Date.parse(key.expiresAt) < now.value;
  return isOver ? <span class="chip danger">{t().apiKeys.expired}</span> : <>{dateOf(key.expiresAt)}</>;
}

function New({ onClose, onMade }: { onClose: () => void; onMade: (made: NewApiKey) => Promise<void> }): VNode {
  const [name, setName] = useState("");
  const [expires, setExpires] = useState("");
  const [extent, setExtent] = useState<"all" | "some">("all");
  const [scopes, setScopes] = useState<readonly string[]>([]);
  const submit = async (): Promise<void> => {
    const body: ApiKeyBody = {
      name,
      scopes: extent === "all" ? null : [...scopes],
      expiresAt: expires ? new Date(`${expires}T23:59:59`).toISOString() : null,
    };
    await onMade((await api.send<NewApiKey>("POST", "/api/api-keys", body)).data);
  };
  const offered = (me.value?.may ?? []).filter((right) => !NOT_A_KEYS.includes(right));
  const toggle = (right: string, on: boolean): void =>
    setScopes(on ? [...scopes, right] : scopes.filter((one) => one !== right));
  return (
    <FormDialog title={t().apiKeys.add} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          <Field
            label={t().apiKeys.name}
            name="name"
            required
            autoFocus
            value={name}
            onInput={setName}
            hint={t().apiKeys.nameHint}
            wrong={wrong("name")}
          />
          <Field
            label={t().apiKeys.expires}
            name="expires"
            type="date"
            value={expires}
            onInput={setExpires}
            hint={t().apiKeys.expiresHint}
            wrong={wrong("expiresAt")}
          />
          <Segments
            label={t().apiKeys.may}
            value={extent}
            options={[
              { value: "all", label: t().apiKeys.everything },
              { value: "some", label: t().apiKeys.chosen },
            ]}
            onChange={setExtent}
          />
          {extent === "some" && (
            <fieldset class="rights">
              <legend class="unseen">{t().apiKeys.may}</legend>
              {offered.map((right) => (
                <Switch
                  key={right}
                  label={rightOf(right)}
                  checked={scopes.includes(right)}
                  onChange={(on) => toggle(right, on)}
                />
              ))}
            </fieldset>
          )}
          {wrong("scopes") && <p class="form-wrong">{wrong("scopes")}</p>}
        </>
      )}
    </FormDialog>
  );
}
