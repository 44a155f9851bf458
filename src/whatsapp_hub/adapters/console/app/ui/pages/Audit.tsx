import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AuditView } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { complain } from "../../state/toasts.ts";
import { Empty } from "../kit/bits.tsx";
import { Button, Select } from "../kit/controls.tsx";
import { CopyButton, PageHead } from "./parts.tsx";

/** Who changed what; each line opens to before and after. */
export default function Audit(): VNode {
  const [entries, setEntries] = useState<AuditView[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [userId, setUser] = useState("");
  const [entity, setEntity] = useState("");
  const [isLoaded, setLoaded] = useState(false);
  const load = async (cursor: string | null): Promise<void> => {
    const answer = await api.get<AuditView[]>("/api/audit", { limit: 50, cursor, userId, entity });
    setEntries(cursor ? [...entries, ...answer.data] : answer.data);
    setNext(answer.next);
    setLoaded(true);
  };
  useEffect(() => void load(null).catch(complain), [userId, entity]);
  const users = [
    { value: "", label: t().audit.everybody },
    ...directory.users.value.map((u) => ({ value: u.id, label: u.name })),
  ];
  const entities = Object.entries(t().changes.entities).map(([value, label]) => ({ value, label }));
  return (
    <>
      <PageHead title={t().rail.audit} more={t().audit.more}>
        <Select label={t().audit.who} hideLabel value={userId} options={users} onChange={setUser} />
        <Select
          label={t().changes.what}
          hideLabel
          value={entity}
          options={[{ value: "", label: t().changes.everything }, ...entities]}
          onChange={setEntity}
        />
      </PageHead>
      {isLoaded && !entries.length && <Empty icon="audit" title={t().audit.none} />}
      <ol class="audit">
        {entries.map((entry) => (
          <li key={entry.id}>
            <details>
              <summary>
                <time>{momentOf(entry.createdAt)}</time>
                <b>{directory.nameOf(entry.userId) || entry.email || entry.caller}</b>
                <span class={`chip ${entry.change === "delete" ? "danger" : ""}`}>{verbOf(entry.change)}</span>
                <span>{entityOf(entry.entity)}</span>
                <small>{nameIn(entry)}</small>
              </summary>
              <Difference entry={entry} />
            </details>
          </li>
        ))}
      </ol>
      {next && (
        <p class="page-more">
          <Button onClick={() => void load(next).catch(complain)}>{t().common.moreOf}</Button>
        </p>
      )}
    </>
  );
}

function verbOf(change: string): string {
  return (t().changes.verbs as Record<string, string>)[change] ?? change;
}

function entityOf(entity: string): string {
  return (t().changes.entities as Record<string, string>)[entity] ?? entity;
}

/** What the thing is called, else which fields changed. */
function nameIn(entry: AuditView): string {
  const fields = entry.after ?? entry.before ?? {};
  const name = fields.name ?? fields.shortcut ?? fields.email;
  return typeof name === "string" ? name : Object.keys(fields).slice(0, 5).join(", ");
}

function Difference({ entry }: { entry: AuditView }): VNode {
  const fields = [...new Set([...Object.keys(entry.before ?? {}), ...Object.keys(entry.after ?? {})])];
  return (
    <>
      <p class="hint">
        {entry.action} · {entry.entityId} · {entry.ipAddress ?? "—"}{" "}
        <CopyButton text={() => JSON.stringify(entry, null, 2)} label={t().changes.copy} />
      </p>
      <table class="difference">
        <thead>
          <tr>
            <th scope="col">{t().audit.field}</th>
            <th scope="col">{t().audit.before}</th>
            <th scope="col">{t().audit.after}</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field}>
              <th scope="row">{field}</th>
              <td>{said(entry.before?.[field])}</td>
              <td>{said(entry.after?.[field])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** A value as a person reads it: people, departments and numbers by name. */
function said(value: unknown): string {
  if (value === undefined || value === null) return "—";
  if (typeof value !== "string") return JSON.stringify(value);
  return (
    directory.userById.value.get(value)?.name ??
    directory.departmentById.value.get(value)?.name ??
    directory.sessionById.value.get(value)?.name ??
    value
  );
}
