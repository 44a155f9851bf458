import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ContactView } from "../../core/entities.ts";
import type { OptOutView } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { contactName, phoneOf } from "../../state/names.ts";
import { may } from "../../state/session.ts";
import { attempt, complain } from "../../state/toasts.ts";
import { Empty } from "../kit/bits.tsx";
import { Button, Field, Select } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu } from "../kit/overlays.tsx";
import { type Column, FormDialog, listed, PageHead, Table } from "./parts.tsx";

/** After the last key, before the hub is asked. */
const TYPING_MS = 300;

const PAGE = 50;
/** So many pages of fewer, or nothing, are read on: the hub looks at a bounded number of contacts for each. */
const SHORT_PAGES = 20;

/** Everybody who wrote or was written to, as the company keeps them. */
export default function Contacts(): VNode {
  const [found, setFound] = useState<ContactView[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [search, setSearch] = useState("");
  const [blocked, setBlocked] = useState("");
  const [edited, setEdited] = useState<ContactView | null>(null);
  const asked = { search: search.trim(), blocked, isGroup: "false" };

  useEffect(() => {
    let isCurrent = true;
    const load = async (): Promise<void> => {
      const answer = await read(asked, null);
      if (!isCurrent) return;
      setFound(answer.data);
      setNext(answer.next);
    };
    const waiting = setTimeout(() => void load().catch(complain), found === null ? 0 : TYPING_MS);
    return () => {
      isCurrent = false;
      clearTimeout(waiting);
    };
  }, [search, blocked]);

  const more = async (): Promise<void> => {
    const answer = await read(asked, next);
    setFound([...(found ?? []), ...answer.data]);
    setNext(answer.next);
  };
  const put = (changed: ContactView): void =>
    setFound((found ?? []).map((one) => (one.id === changed.id ? changed : one)));
  const block = async (contact: ContactView): Promise<void> => {
    const verb = contact.blockedAt ? "unblock" : "block";
    await attempt(async () => put((await api.send<ContactView>("POST", `/api/contacts/${contact.id}/${verb}`)).data));
  };

  const opt = async (contact: ContactView): Promise<void> => {
    const verb = contact.optedOut ? "opt-in" : "opt-out";
    await attempt(async () => put((await api.send<ContactView>("POST", `/api/contacts/${contact.id}/${verb}`)).data));
  };

  const columns: Column<ContactView>[] = [
    { label: t().contacts.name, shown: (c) => <a href={`/dashboard/customers/${c.id}`}>{contactName(c)}</a> },
    { label: t().contacts.number, shown: (c) => phoneOf(c.phoneNumber) ?? "—" },
    { label: t().contacts.labels, shown: (c) => <Labels contact={c} /> },
    { label: t().contacts.since, shown: (c) => momentOf(c.createdAt) },
  ];
  if (may("manage-contacts")) {
    columns.push({
      label: t().common.actions,
      shown: (c) => (
        <Menu
          label={t().contacts.actions(contactName(c))}
          items={[
            { label: t().common.edit, icon: <Icon name="pencil" />, run: () => setEdited(c) },
            {
              label: c.blockedAt ? t().contacts.unblock : t().contacts.block,
              icon: <Icon name="ban" />,
              danger: !c.blockedAt,
              run: () => void block(c),
            },
            {
              label: c.optedOut ? t().contacts.optIn : t().contacts.optOut,
              icon: <Icon name="send" />,
              run: () => void opt(c),
            },
          ]}
        />
      ),
    });
  }
  return (
    <>
      <PageHead title={t().rail.contacts} more={t().contacts.more}>
        {may("export-contacts") && (
          <a class="button" href={api.address("/api/contacts/csv")} download="contacts.csv">
            <Icon name="download" />
            {t().contacts.download}
          </a>
        )}
      </PageHead>
      <div class="filters">
        <Field label={t().contacts.search} name="search" type="search" value={search} onInput={setSearch} />
        <Select
          label={t().contacts.which}
          value={blocked}
          options={[
            { value: "", label: t().contacts.all },
            { value: "false", label: t().contacts.received },
            { value: "true", label: t().contacts.blocked },
          ]}
          onChange={setBlocked}
        />
      </div>
      {found && !found.length && !next && <Empty icon="users" title={t().contacts.none} />}
      {found && found.length > 0 && (
        <Table label={t().rail.contacts} items={found} columns={columns} idOf={(c) => c.id} />
      )}
      {next && (
        <p class="page-more">
          <Button onClick={() => void more().catch(complain)}>{t().common.moreOf}</Button>
        </p>
      )}
      {edited && <Edit contact={edited} onClose={() => setEdited(null)} onSaved={put} />}
    </>
  );
}

interface Found {
  data: ContactView[];
  next: string | null;
}

async function read(asked: Record<string, string>, from: string | null): Promise<Found> {
  const data: ContactView[] = [];
  let next = from;
  for (let page = 0; page < SHORT_PAGES && data.length < PAGE; page += 1) {
    const answer = await api.get<ContactView[]>("/api/contacts", { limit: PAGE, cursor: next, ...asked });
    data.push(...answer.data);
    next = answer.next;
    if (!next) break;
  }
  return { data, next };
}

export function Labels({ contact }: { contact: ContactView }): VNode {
  return (
    <span class="labels">
      {contact.blockedAt && <span class="chip danger">{t().contacts.isBlocked}</span>}
      {contact.optedOut && (
        <span class="chip warn" title={`${outBy(contact.optedOut)}, ${momentOf(contact.optedOut.at)}`}>
          {t().contacts.isOut}
        </span>
      )}
      {contact.labels.map((label) => (
        <span key={label} class="chip">
          {label}
        </span>
      ))}
    </span>
  );
}

function outBy({ reason, detail }: OptOutView): string {
  if (reason === "word") return t().contacts.outByWord(detail ?? "");
  return reason === "provider" ? t().contacts.outByProvider : t().contacts.outByHand;
}

/** Name, labels and fields of a contact. */
export function Edit({
  contact,
  onClose,
  onSaved,
}: {
  contact: ContactView;
  onClose: () => void;
  onSaved: (changed: ContactView) => void;
}): VNode {
  const [name, setName] = useState(contact.name ?? "");
  const [labels, setLabels] = useState(contact.labels.join(", "));
  const [fields, setFields] = useState(linesOf(contact.fields));
  const submit = async (): Promise<void> => {
    const body = { ...nameChange(contact, name), labels: listed(labels), fields: changesOf(contact.fields, fields) };
    onSaved((await api.send<ContactView>("PATCH", `/api/contacts/${contact.id}`, body)).data);
    onClose();
  };
  return (
    <FormDialog title={contactName(contact)} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          {contact.optedOut && (
            <p>
              {t().contacts.out}: {outBy(contact.optedOut)}, {momentOf(contact.optedOut.at)}
            </p>
          )}
          <Field
            label={t().contacts.name}
            name="name"
            autoFocus
            value={name}
            onInput={setName}
            wrong={wrong("name")}
            hint={contact.profileName ? t().contacts.ownName(contact.profileName) : undefined}
          />
          <Field
            label={t().contacts.labels}
            name="labels"
            value={labels}
            onInput={setLabels}
            wrong={wrong("labels")}
            hint={t().rules.labelsHint}
          />
          <Field
            label={t().contacts.fields}
            name="fields"
            long
            value={fields}
            onInput={setFields}
            wrong={wrong("fields")}
            hint={t().contacts.fieldsHint}
          />
        </>
      )}
    </FormDialog>
  );
}

/** Only where it was changed: the person's own name is not made the company's. */
function nameChange(contact: ContactView, name: string): { name?: string | null } {
  const given = name.trim();
  return given === (contact.name ?? "") ? {} : { name: given || null };
}

function linesOf(fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

/** Each field that stands in the lines; null for those that stand there no more. */
function changesOf(before: Record<string, string>, lines: string): Record<string, string | null> {
  const gone = Object.fromEntries(Object.keys(before).map((name) => [name, null]));
  const now = lines
    .split("\n")
    .map((line) => line.split(/:(.*)/s))
    .filter(([name]) => name?.trim())
    .map(([name, value]) => [name?.trim() ?? "", value?.trim() ?? ""]);
  return { ...gone, ...Object.fromEntries(now) };
}
