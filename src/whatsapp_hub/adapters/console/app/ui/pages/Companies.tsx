import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { QuotasView, TenantBody, TenantHealthView, TenantView } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { dateOf, numberOf, t } from "../../state/i18n.ts";
import { actFor, me } from "../../state/session.ts";
import { attempt, complain, say } from "../../state/toasts.ts";
import { Button, Field, Select } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu, type MenuItem } from "../kit/overlays.tsx";
import { slugOf } from "./Departments.tsx";
import { type Column, FormDialog, PageHead, Table } from "./parts.tsx";

/** The companies of the hub, for who runs it. */
export default function Companies(): VNode {
  const [companies, setCompanies] = useState<TenantView[]>([]);
  const [isNew, setNew] = useState(false);
  const [limiting, setLimiting] = useState<TenantView | null>(null);
  const [deleting, setDeleting] = useState<TenantView | null>(null);
  const load = async (): Promise<void> => setCompanies(await directory.whole<TenantView>("/api/tenants"));
  useEffect(() => void load().catch(complain), []);
  const items = (c: TenantView): (MenuItem | "line")[] => [
    ...(c.id === me.value?.company.id
      ? []
      : [{ label: t().acting.act, icon: <Icon name="companies" />, run: () => actFor(c.id) }]),
    { label: t().companies.check, icon: <Icon name="check" />, run: () => void check(c) },
    { label: t().companies.quotas, icon: <Icon name="filter" />, run: () => setLimiting(c) },
    ...(c.id === me.value?.company.id || c.id === me.value?.companyId
      ? []
      : [
          "line" as const,
          { label: t().common.remove, icon: <Icon name="trash" />, danger: true, run: () => setDeleting(c) },
        ]),
  ];
  const columns: Column<TenantView>[] = [
    {
      label: t().companies.name,
      shown: (c) => (
        <span>
          <b>{c.name}</b> {c.id === me.value?.company.id && <span class="chip info">{t().acting.here}</span>}
        </span>
      ),
    },
    { label: t().companies.slug, shown: (c) => c.slug },
    { label: t().companies.placement, shown: (c) => t().companies.placements[c.placement] },
    { label: t().companies.since, shown: (c) => dateOf(c.createdAt) },
    { label: t().common.actions, shown: (c) => <Menu label={t().companies.actions(c.name)} items={items(c)} /> },
  ];
  return (
    <>
      <PageHead title={t().rail.companies} more={t().companies.more}>
        <Button kind="primary" icon="plus" onClick={() => setNew(true)}>
          {t().companies.add}
        </Button>
      </PageHead>
      <Table label={t().rail.companies} items={companies} columns={columns} idOf={(c) => c.id} />
      {isNew && <New onClose={() => setNew(false)} onMade={() => load().then(() => setNew(false))} />}
      {limiting && (
        <Quotas
          company={limiting}
          onClose={() => setLimiting(null)}
          onSaved={() => load().then(() => setLimiting(null))}
        />
      )}
      {deleting && (
        <Delete
          company={deleting}
          onClose={() => setDeleting(null)}
          onDone={() => load().then(() => setDeleting(null))}
        />
      )}
    </>
  );
}

function identifierOf(name: string): string {
  return slugOf(name).replaceAll("-", "_");
}

async function check(c: TenantView): Promise<void> {
  const answer = await attempt(() => api.get<TenantHealthView>(`/api/tenants/${c.id}/health`));
  if (answer) say(t().companies.well(numberOf(answer.data.latencyMs ?? 0, 1)), "ok");
}

function New({ onClose, onMade }: { onClose: () => void; onMade: () => Promise<void> }): VNode {
  const [name, setName] = useState("");
  const [slug, setSlug] = useState("");
  const [placement, setPlacement] = useState("");
  const submit = async (): Promise<void> => {
    const body: TenantBody = {
      name,
      slug: slug || identifierOf(name),
      placement: (placement || null) as TenantBody["placement"],
    };
    await api.send("POST", "/api/tenants", body);
    await onMade();
  };
  const { usual, ...placements } = t().companies.placements;
  return (
    <FormDialog title={t().companies.add} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          <Field
            label={t().companies.name}
            name="name"
            required
            autoFocus
            value={name}
            onInput={setName}
            wrong={wrong("name")}
          />
          <Field
            label={t().companies.slug}
            name="slug"
            value={slug}
            placeholder={name && identifierOf(name)}
            onInput={setSlug}
            hint={t().companies.slugHint}
            wrong={wrong("slug")}
          />
          <Select
            label={t().companies.placement}
            value={placement}
            options={[
              { value: "", label: usual },
              ...Object.entries(placements).map(([value, label]) => ({ value, label })),
            ]}
            onChange={setPlacement}
            wrong={wrong("placement")}
          />
        </>
      )}
    </FormDialog>
  );
}

interface OneProps {
  company: TenantView;
  onClose: () => void;
}

function Quotas({ company, onClose, onSaved }: OneProps & { onSaved: () => Promise<void> }): VNode {
  const [quotas, setQuotas] = useState<Record<string, string>>(
    Object.fromEntries(Object.entries(company.quotas).map(([name, most]) => [name, String(most)])),
  );
  const submit = async (): Promise<void> => {
    const given = Object.entries(quotas).map(([name, most]) => [name, most ? Number(most) : null]);
    await api.send("PATCH", `/api/tenants/${company.id}`, { quotas: Object.fromEntries(given) });
    await onSaved();
  };
  const names = Object.entries(t().companies.quota) as [keyof QuotasView, string][];
  return (
    <FormDialog title={`${t().companies.quotas}: ${company.name}`} onClose={onClose} onSubmit={submit}>
      {(wrong) =>
        names.map(([name, label]) => (
          <Field
            key={name}
            label={label}
            name={name}
            type="number"
            value={quotas[name] ?? ""}
            onInput={(most) => setQuotas({ ...quotas, [name]: most })}
            wrong={wrong(`quotas/${name}`)}
          />
        ))
      }
    </FormDialog>
  );
}

function Delete({ company, onClose, onDone }: OneProps & { onDone: () => Promise<void> }): VNode {
  const [confirm, setConfirm] = useState("");
  const remove = async (): Promise<void> => {
    await api.send("DELETE", `/api/tenants/${company.id}`, { confirm });
    await onDone();
  };
  return (
    <FormDialog
      title={t().companies.deleteTitle(company.name)}
      onClose={onClose}
      onSubmit={remove}
      submit={t().common.remove}
      danger
    >
      {(wrong) => (
        <>
          <p>{t().companies.deleteMore}</p>
          <Field
            label={t().companies.type(company.slug)}
            name="confirm"
            autoFocus
            value={confirm}
            onInput={setConfirm}
            wrong={wrong("confirm")}
          />
        </>
      )}
    </FormDialog>
  );
}
