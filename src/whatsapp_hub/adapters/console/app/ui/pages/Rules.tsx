import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ListedRule, RuleBody } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";
import { attempt, complain } from "../../state/toasts.ts";
import { Empty } from "../kit/bits.tsx";
import { Button, Field, IconButton, Select } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu } from "../kit/overlays.tsx";
import { ConfirmDialog, FormDialog, listed, PageHead } from "./parts.tsx";

type Priority = NonNullable<ListedRule["actions"]["priority"]>;
const PRIORITIES: readonly Priority[] = ["LOW", "NORMAL", "HIGH", "URGENT"];

/** Automatic rules in their order, each as a sentence. */
export default function Rules(): VNode {
  const [rules, setRules] = useState<ListedRule[] | null>(null);
  const [edited, setEdited] = useState<ListedRule | "new" | null>(null);
  const [deleting, setDeleting] = useState<ListedRule | null>(null);
  const load = async (): Promise<void> => setRules((await api.get<ListedRule[]>("/api/rules")).data);
  useEffect(() => void load().catch(complain), []);
  const move = async (rule: ListedRule, place: number): Promise<void> => {
    await attempt(() => api.send("PATCH", `/api/rules/${rule.id}`, { place }));
    await load().catch(complain);
  };
  return (
    <>
      <PageHead title={t().rail.rules} more={t().rules.more}>
        <Button kind="primary" icon="plus" onClick={() => setEdited("new")}>
          {t().rules.add}
        </Button>
      </PageHead>
      {rules?.length === 0 && <Empty icon="zap" title={t().rules.none} />}
      <ol class="lines">
        {rules?.map((rule, n) => (
          <li key={rule.id}>
            <div class="line-main">
              <b>{rule.name}</b>
              <p>
                {conditionsOf(rule)} → {actionsOf(rule)}
              </p>
              {rule.isBroken && <span class="chip danger">{t().rules.broken}</span>}
            </div>
            <IconButton
              icon="up"
              label={`${t().rules.up}: ${rule.name}`}
              disabled={n === 0}
              onClick={() => void move(rule, n)}
            />
            <IconButton
              icon="down"
              label={`${t().rules.down}: ${rule.name}`}
              disabled={n === rules.length - 1}
              onClick={() => void move(rule, n + 2)}
            />
            <Menu
              label={t().rules.actions(rule.name)}
              items={[
                { label: t().common.edit, icon: <Icon name="pencil" />, run: () => setEdited(rule) },
                { label: t().common.remove, icon: <Icon name="trash" />, danger: true, run: () => setDeleting(rule) },
              ]}
            />
          </li>
        ))}
      </ol>
      {edited && (
        <Edit
          rule={edited === "new" ? null : edited}
          onClose={() => setEdited(null)}
          onSaved={() => load().then(() => setEdited(null))}
        />
      )}
      {deleting && (
        <ConfirmDialog
          title={t().rules.deleteTitle(deleting.name)}
          onClose={() => setDeleting(null)}
          onConfirm={async () => {
            await api.send("DELETE", `/api/rules/${deleting.id}`);
            await load();
          }}
        />
      )}
    </>
  );
}

/** When the rule applies, in words. */
function conditionsOf({ conditions: c }: ListedRule): string {
  const said = [
    c.sessionId && t().rules.onNumber(directory.sessionById.value.get(c.sessionId)?.name ?? "—"),
    c.words.length > 0 && t().rules.says(c.words.map((word) => `“${word}”`).join(", ")),
    c.outsideHours !== null && (c.outsideHours ? t().rules.shut : t().rules.open).toLowerCase(),
  ];
  return said.filter(Boolean).join(", ") || t().rules.always;
}

/** What the rule does, in words. */
function actionsOf({ actions: a }: ListedRule): string {
  const department = a.departmentId && directory.departmentById.value.get(a.departmentId)?.name;
  const said = [
    a.labels.length > 0 && t().rules.label(a.labels.join(", ")),
    a.priority && `${t().rules.priority.toLowerCase()} ${t().priority[a.priority].toLowerCase()}`,
    a.departmentId && t().rules.goesTo(department || "—"),
  ];
  return said.filter(Boolean).join(", ");
}

interface EditProps {
  rule: ListedRule | null;
  onClose: () => void;
  onSaved: () => Promise<void>;
}

function Edit({ rule, onClose, onSaved }: EditProps): VNode {
  const [name, setName] = useState(rule?.name ?? "");
  const [sessionId, setSession] = useState(rule?.conditions.sessionId ?? "");
  const [words, setWords] = useState(rule?.conditions.words.join(", ") ?? "");
  const [hours, setHours] = useState(String(rule?.conditions.outsideHours ?? ""));
  const [labels, setLabels] = useState(rule?.actions.labels.join(", ") ?? "");
  const [priority, setPriority] = useState<string>(rule?.actions.priority ?? "");
  const [departmentId, setDepartment] = useState(rule?.actions.departmentId ?? "");
  const submit = async (): Promise<void> => {
    const body: RuleBody = {
      name,
      conditions: {
        sessionId: sessionId || null,
        words: listed(words),
        outsideHours: hours ? hours === "true" : null,
      },
      actions: {
        labels: listed(labels),
        priority: (priority || null) as Priority | null,
        departmentId: departmentId || null,
      },
    };
    if (rule) await api.send("PATCH", `/api/rules/${rule.id}`, body);
    else await api.send("POST", "/api/rules", body);
    await onSaved();
  };
  const named = (items: readonly { id: string; name: string }[]) => items.map((i) => ({ value: i.id, label: i.name }));
  return (
    <FormDialog title={rule?.name ?? t().rules.add} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          <Field
            label={t().rules.name}
            name="name"
            required
            autoFocus
            value={name}
            onInput={setName}
            wrong={wrong("name")}
          />
          <h3>{t().rules.when}</h3>
          <Select
            label={t().rules.number}
            value={sessionId}
            options={[{ value: "", label: t().rules.anyNumber }, ...named(directory.sessions.value)]}
            onChange={setSession}
            wrong={wrong("conditions/sessionId")}
          />
          <Field
            label={t().rules.words}
            name="words"
            value={words}
            onInput={setWords}
            hint={t().rules.wordsHint}
            wrong={wrong("conditions/words")}
          />
          <Select
            label={t().rules.hours}
            value={hours}
            options={[
              { value: "", label: t().rules.anyTime },
              { value: "false", label: t().rules.open },
              { value: "true", label: t().rules.shut },
            ]}
            onChange={setHours}
          />
          <h3>{t().rules.does}</h3>
          <Field
            label={t().rules.labels}
            name="labels"
            value={labels}
            onInput={setLabels}
            hint={t().rules.labelsHint}
            wrong={wrong("actions/labels") ?? wrong("actions")}
          />
          <Select
            label={t().rules.priority}
            value={priority}
            options={[
              { value: "", label: t().rules.same },
              ...PRIORITIES.map((p) => ({ value: p, label: t().priority[p] })),
            ]}
            onChange={setPriority}
          />
          <Select
            label={t().rules.department}
            value={departmentId}
            options={[{ value: "", label: t().rules.departmentMenu }, ...named(directory.departments.value)]}
            onChange={setDepartment}
            wrong={wrong("actions/departmentId")}
          />
        </>
      )}
    </FormDialog>
  );
}
