import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AuditView } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { complain } from "../../state/toasts.ts";
import { Empty } from "../kit/bits.tsx";
import { Button, Select } from "../kit/controls.tsx";
import { PageHead } from "./parts.tsx";

/** Who changed what; each line opens to before and after. */
export default function Audit(): VNode {
  const [entries, setEntries] = useState<AuditView[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [userId, setUser] = useState("");
  const [isLoaded, setLoaded] = useState(false);
  const load = async (cursor: string | null): Promise<void> => {
    const answer = await api.get<AuditView[]>("/api/audit", { limit: 50, cursor, userId: userId || null });
    setEntries(cursor ? [...entries, ...answer.data] : answer.data);
    setNext(answer.next);
    setLoaded(true);
  };
  useEffect(() => void load(null).catch(complain), [userId]);
  const users = [
    { value: "", label: t().audit.everybody },
    ...directory.users.value.map((u) => ({ value: u.id, label: u.name })),
  ];
  return (
    <>
      <PageHead title={t().rail.audit} more={t().audit.more}>
        <Select label={t().audit.who} hideLabel value={userId} options={users} onChange={setUser} />
      </PageHead>
      {isLoaded && !entries.length && <Empty icon="audit" title={t().audit.none} />}
      <ol class="audit">
        {entries.map((entry) => (
          <li key={entry.id}>
            <details>
              <summary>
                <time>{momentOf(entry.createdAt)}</time>
                <b>{directory.nameOf(entry.userId) || entry.email || entry.caller}</b>
                <span class={`chip ${entry.change === "DELETE" ? "danger" : ""}`}>{entry.change.toLowerCase()}</span>
                <span>{entry.entity}</span>
                <small>
                  {Object.keys(entry.after ?? entry.before ?? {})
                    .slice(0, 5)
                    .join(", ")}
                </small>
              </summary>
              <Difference entry={entry} />
            </details>
          </li>
        ))}
      </ol>
      {next && <Button onClick={() => void load(next).catch(complain)}>{t().common.moreOf}</Button>}
    </>
  );
}

function Difference({ entry }: { entry: AuditView }): VNode {
  const fields = [...new Set([...Object.keys(entry.before ?? {}), ...Object.keys(entry.after ?? {})])];
  return (
    <>
      <p class="hint">
        {entry.action} · {entry.entityId} · {entry.ipAddress ?? "—"}
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

function said(value: unknown): string {
  return value === undefined || value === null ? "—" : typeof value === "string" ? value : JSON.stringify(value);
}
