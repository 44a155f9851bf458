import type { ComponentChildren, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ContactView, Conversation } from "../../core/entities.ts";
import { Problem } from "../../ports/index.ts";
import { api } from "../../state/api.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { begin } from "../../state/inbox.ts";
import { contactName, phoneOf } from "../../state/names.ts";
import { go, path } from "../../state/route.ts";
import { may } from "../../state/session.ts";
import { attempt, complain } from "../../state/toasts.ts";
import { Round } from "../inbox/Round.tsx";
import { Avatar, Empty } from "../kit/bits.tsx";
import { Button } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Menu, type MenuItem } from "../kit/overlays.tsx";
import { Edit, Labels } from "./Contacts.tsx";
import { CopyButton } from "./parts.tsx";

const PAGE = 50;

/** One customer: who it is, and every conversation with them that one may see. */
export default function Customer(): VNode | null {
  const id = path.value.split("/").at(-1) ?? "";
  const [contact, setContact] = useState<ContactView | null>(null);
  const [rounds, setRounds] = useState<Conversation[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [isEditing, setEditing] = useState(false);
  const [isGone, setGone] = useState(false);
  const read = async (cursor: string | null, before: readonly Conversation[]): Promise<void> => {
    const answer = await api.get<Conversation[]>(`/api/contacts/${id}/conversations`, { limit: PAGE, cursor });
    setRounds([...before, ...answer.data]);
    setNext(answer.next);
    const [newest] = answer.data;
    if (!may("read-all-conversations") && !cursor)
      if (newest) setContact((await api.get<{ contact: ContactView }>(`/api/conversations/${newest.id}`)).data.contact);
      else setGone(true);
  };
  useEffect(() => {
    void read(null, []).catch(complain);
    if (!may("read-all-conversations")) return;
    api.get<ContactView>(`/api/contacts/${id}`).then(
      ({ data }) => setContact(data),
      (error) => (error instanceof Problem && error.status === 404 ? setGone(true) : complain(error)),
    );
  }, []);
  if (isGone) return <Empty icon="user" title={t().customer.notThere} />;
  if (!contact) return null;
  const block = async (): Promise<void> => {
    const verb = contact.blockedAt ? "unblock" : "block";
    await attempt(async () => setContact((await api.send<ContactView>("POST", `/api/contacts/${id}/${verb}`)).data));
  };
  const items: MenuItem[] = [
    {
      label: contact.blockedAt ? t().contacts.unblock : t().contacts.block,
      icon: <Icon name="ban" />,
      danger: !contact.blockedAt,
      run: () => void block(),
    },
  ];
  const name = contactName(contact);
  return (
    <>
      {may("read-all-conversations") && (
        <a class="page-back" href="/dashboard/customers">
          <Icon name="back" size="tiny" /> {t().customer.back}
        </a>
      )}
      <header class="page-head customer-head">
        <Avatar name={name} />
        <div>
          <h1 dir="auto">{name}</h1>
          <p>
            {[phoneOf(contact.phoneNumber), contact.profileName !== name && contact.profileName]
              .filter(Boolean)
              .join(" · ")}
          </p>
          <Labels contact={contact} />
        </div>
        <div class="page-actions">
          {may("start-conversations") && contact.phoneNumber && (
            <Button
              kind="primary"
              icon="new"
              onClick={() => {
                begin(phoneOf(contact.phoneNumber) ?? "");
                go("/dashboard");
              }}
            >
              {t().customer.write}
            </Button>
          )}
          {may("manage-contacts") && (
            <>
              <Button icon="pencil" onClick={() => setEditing(true)}>
                {t().common.edit}
              </Button>
              <Menu label={t().contacts.actions(name)} items={items} />
            </>
          )}
        </div>
      </header>
      <Facts contact={contact} />
      <h2>{t().customer.rounds}</h2>
      {rounds && !rounds.length && <p class="hint">{t().customer.none}</p>}
      <ol class="rounds">
        {rounds?.map((c) => (
          <li key={c.id}>
            <Round c={c} />
          </li>
        ))}
      </ol>
      {next && (
        <p class="page-more">
          <Button onClick={() => void read(next, rounds ?? []).catch(complain)}>{t().common.moreOf}</Button>
        </p>
      )}
      {isEditing && <Edit contact={contact} onClose={() => setEditing(false)} onSaved={setContact} />}
    </>
  );
}

function Facts({ contact }: { contact: ContactView }): VNode {
  return (
    <dl class="customer-facts">
      <Fact label={t().contacts.since}>{momentOf(contact.createdAt)}</Fact>
      {contact.phoneNumber && (
        <Fact label={t().contacts.number}>
          {phoneOf(contact.phoneNumber)} <CopyButton text={() => `+${contact.phoneNumber}`} label={t().common.copy} />
        </Fact>
      )}
      {Object.entries(contact.fields).map(([name, value]) => (
        <Fact key={name} label={name}>
          <span dir="auto">{value}</span>
        </Fact>
      ))}
    </dl>
  );
}

function Fact({ label, children }: { label: string; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
