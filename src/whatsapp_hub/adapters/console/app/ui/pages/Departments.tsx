import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { DepartmentView } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { numberOf, t } from "../../state/i18n.ts";
import { may } from "../../state/session.ts";
import { complain } from "../../state/toasts.ts";
import { Empty } from "../kit/bits.tsx";
import { Button, Field, Switch } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu } from "../kit/overlays.tsx";
import { HoursGrid, type Week } from "./HoursGrid.tsx";
import { FormDialog, PageHead } from "./parts.tsx";

const COLORS = ["#1F5E73", "#8A5A00", "#6B4FA0", "#1C693C", "#A8261B", "#29589B", "#7A3E6D", "#505A55"] as const;

/** The departments, in the menu's order: colour, people, bounds, hours. */
export default function Departments(): VNode {
  const [edited, setEdited] = useState<DepartmentView | "new" | null>(null);
  const [deleting, setDeleting] = useState<DepartmentView | null>(null);
  useEffect(() => void Promise.all([directory.loadDepartments(), directory.loadUsers()]).catch(complain), []);
  const canManage = may("manage-departments");
  return (
    <>
      <PageHead title={t().departments.title} more={t().departments.more}>
        {canManage && (
          <Button kind="primary" icon="plus" onClick={() => setEdited("new")}>
            {t().departments.add}
          </Button>
        )}
      </PageHead>
      {directory.departments.value.length === 0 && <Empty icon="building" title={t().departments.none} />}
      <ul class="cards-grid">
        {directory.departments.value.map((d) => (
          <li key={d.id} class="card">
            <div class="card-head">
              <span class="color" style={{ background: d.color }} />
              <div>
                <h2>{d.name}</h2>
                <p>
                  {t().departments.people(
                    directory.users.value.filter((u) => u.departmentId === d.id && u.isActive).length,
                  )}
                </p>
              </div>
              {canManage && (
                <Menu
                  label={t().departments.actions(d.name)}
                  items={[
                    { label: t().common.edit, icon: <Icon name="pencil" />, run: () => setEdited(d) },
                    { label: t().common.remove, icon: <Icon name="trash" />, danger: true, run: () => setDeleting(d) },
                  ]}
                />
              )}
            </div>
            <p class="card-state">
              {d.isRoot && <span class="chip info">{t().departments.root}</span>}
              <span class="chip">{d.hours ? t().departments.ownHours : t().departments.companyHours}</span>
              {d.lastAgentFirst && <span class="chip">{t().departments.lastAgent}</span>}
            </p>
            <p class="card-more">
              {t().departments.timeout}: {numberOf(d.responseTimeoutMinutes)} min
              {d.maxConversations ? ` · ${t().departments.most}: ${numberOf(d.maxConversations)}` : ""}
            </p>
          </li>
        ))}
      </ul>
      {edited && <Edit d={edited === "new" ? null : edited} onClose={() => setEdited(null)} />}
      {deleting && (
        <FormDialog
          title={t().departments.deleteTitle(deleting.name)}
          onClose={() => setDeleting(null)}
          submit={t().common.remove}
          danger
          onSubmit={async () => {
            await api.send("DELETE", `/api/departments/${deleting.id}`);
            await directory.loadDepartments();
            setDeleting(null);
          }}
        >
          {() => <p>{t().departments.deleteMore}</p>}
        </FormDialog>
      )}
    </>
  );
}

export function slugOf(name: string): string {
  const plain = name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return (
    plain
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 48) || "department"
  );
}

function Edit({ d, onClose }: { d: DepartmentView | null; onClose: () => void }): VNode {
  const [name, setName] = useState(d?.name ?? "");
  const [color, setColor] = useState(d?.color ?? COLORS[directory.departments.value.length % COLORS.length]!);
  const [timeout, setTimeoutMinutes] = useState(String(d?.responseTimeoutMinutes ?? 5));
  const [most, setMost] = useState(d?.maxConversations?.toString() ?? "");
  const [isRoot, setRoot] = useState(d?.isRoot ?? false);
  const [lastAgentFirst, setLast] = useState(d?.lastAgentFirst ?? false);
  const [hasHours, setHasHours] = useState(Boolean(d?.hours));
  const [week, setWeek] = useState<Week>((d?.hours?.week ?? {}) as Week);
  const zone = d?.hours?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const submit = async (): Promise<void> => {
    const body = {
      name,
      color,
      isRoot,
      lastAgentFirst,
      responseTimeoutMinutes: Number(timeout),
      maxConversations: most ? Number(most) : null,
      hours: hasHours ? { timezone: zone, week, holidays: d?.hours?.holidays ?? [] } : null,
    };
    if (d) await api.send("PATCH", `/api/departments/${d.id}`, body);
    else await api.send("POST", "/api/departments", { ...body, slug: slugOf(name) });
    await directory.loadDepartments();
    onClose();
  };
  return (
    <FormDialog title={d?.name ?? t().departments.add} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          <Field
            label={t().users.name}
            name="name"
            required
            autoFocus
            value={name}
            onInput={setName}
            wrong={wrong("name") ?? wrong("slug")}
            hint={t().departments.nameHint}
          />
          <fieldset class="colors">
            <legend>{t().departments.color}</legend>
            {COLORS.map((one) => (
              <label key={one}>
                <input
                  type="radio"
                  name="color"
                  class="unseen"
                  checked={one === color}
                  onChange={() => setColor(one)}
                />
                <span class="color" style={{ background: one }} />
                <span class="unseen">{one}</span>
              </label>
            ))}
          </fieldset>
          <Field
            label={t().departments.timeout}
            name="timeout"
            type="number"
            required
            value={timeout}
            onInput={setTimeoutMinutes}
            wrong={wrong("responseTimeoutMinutes")}
            hint={t().departments.timeoutHint}
          />
          <Field
            label={t().departments.most}
            name="most"
            type="number"
            value={most}
            onInput={setMost}
            wrong={wrong("maxConversations")}
          />
          <Switch label={t().departments.lastAgent} checked={lastAgentFirst} onChange={setLast} />
          <Switch label={t().departments.rootMore} checked={isRoot} onChange={setRoot} />
          <Switch label={t().departments.ownHours} checked={hasHours} onChange={setHasHours} />
          {hasHours && <HoursGrid week={week} onChange={setWeek} zone={zone} wrong={wrong("hours")} />}
        </>
      )}
    </FormDialog>
  );
}
