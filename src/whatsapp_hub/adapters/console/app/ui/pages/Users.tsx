import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { UserView } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { may, me } from "../../state/session.ts";
import { attempt, complain, say } from "../../state/toasts.ts";
import { Avatar, PresenceDot } from "../kit/bits.tsx";
import { Button, Field, Select, Switch } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Dialog, Menu } from "../kit/overlays.tsx";
import { type Column, FormDialog, PageHead, Table } from "./parts.tsx";

type Edited = UserView | "new" | null;

/** The people: role, department, presence; new ones get a link by which they choose their password. */
export default function Users(): VNode {
  const [edited, setEdited] = useState<Edited>(null);
  const [link, setLink] = useState<string | null>(null);
  useEffect(() => void directory.loadUsers().catch(complain), []);
  const canManage = may("manage-users");
  const invite = async (user: UserView): Promise<void> => {
    const answer = await attempt(() => api.send<{ link: string }>("POST", `/api/users/${user.id}/password-reset`));
    if (answer) setLink(answer.data.link);
  };
  const columns: Column<UserView>[] = [
    {
      label: t().users.name,
      shown: (u) => (
        <span class="person">
          <Avatar name={u.name} small />
          <span>
            <b>{u.name}</b>
            <small>{u.email}</small>
          </span>
        </span>
      ),
    },
    { label: t().users.role, shown: (u) => t().roles[u.role] },
    {
      label: t().panel.department,
      shown: (u) => directory.departmentById.value.get(u.departmentId ?? "")?.name ?? "—",
    },
    {
      label: t().users.presence,
      shown: (u) =>
        u.isActive ? (
          <span class="person">
            <PresenceDot status={u.onlineStatus} /> {t().presence[u.onlineStatus]}
          </span>
        ) : (
          <span class="chip danger">{t().users.inactive}</span>
        ),
    },
    { label: t().users.seen, shown: (u) => (u.lastHeartbeat ? momentOf(u.lastHeartbeat) : "—") },
  ];
  if (canManage) {
    columns.push({
      label: t().common.actions,
      shown: (u) => (
        <Menu
          label={t().users.actions(u.name)}
          items={[
            { label: t().common.edit, icon: <Icon name="pencil" />, run: () => setEdited(u) },
            { label: t().users.link, icon: <Icon name="key" />, run: () => void invite(u) },
          ]}
        />
      ),
    });
  }
  return (
    <>
      <PageHead title={t().users.title} more={t().users.more}>
        {canManage && (
          <Button kind="primary" icon="plus" onClick={() => setEdited("new")}>
            {t().users.add}
          </Button>
        )}
      </PageHead>
      <Table label={t().users.title} items={directory.users.value} columns={columns} idOf={(u) => u.id} />
      {edited && (
        <Edit user={edited === "new" ? null : edited} onClose={() => setEdited(null)} onMade={(u) => void invite(u)} />
      )}
      {link && <LinkDialog link={link} onClose={() => setLink(null)} />}
    </>
  );
}

function Edit({
  user,
  onClose,
  onMade,
}: {
  user: UserView | null;
  onClose: () => void;
  onMade: (user: UserView) => void;
}): VNode {
  const [email, setEmail] = useState("");
  const [name, setName] = useState(user?.name ?? "");
  const [role, setRole] = useState(user?.role ?? "AGENT");
  const [departmentId, setDepartment] = useState(user?.departmentId ?? "");
  const [most, setMost] = useState(user?.maxConversations?.toString() ?? "");
  const [isActive, setActive] = useState(user?.isActive ?? true);
  const submit = async (): Promise<void> => {
    const common = { name, role, departmentId: departmentId || null, maxConversations: most ? Number(most) : null };
    if (user) {
      await api.send("PATCH", `/api/users/${user.id}`, { ...common, isActive });
      await directory.loadUsers();
    } else {
      const { data } = await api.send<UserView>("POST", "/api/users", { ...common, email, password: randomPassword() });
      await directory.loadUsers();
      onMade(data);
    }
    onClose();
  };
  const roles = (["AGENT", "ADMIN", ...(me.value?.role === "MASTER" ? ["MASTER"] : [])] as const).map((r) => ({
    value: r,
    label: t().roles[r as "AGENT"],
  }));
  const departments = [
    { value: "", label: "—" },
    ...directory.departments.value.map((d) => ({ value: d.id, label: d.name })),
  ];
  return (
    <FormDialog title={user ? user.name : t().users.add} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          {!user && (
            <Field
              label={t().login.email}
              name="email"
              type="email"
              required
              autoFocus
              value={email}
              onInput={setEmail}
              wrong={wrong("email")}
              hint={t().users.emailHint}
            />
          )}
          <Field label={t().users.name} name="name" required value={name} onInput={setName} wrong={wrong("name")} />
          <Select
            label={t().users.role}
            value={role}
            options={roles}
            onChange={(value) => setRole(value as UserView["role"])}
            wrong={wrong("role")}
          />
          <Select
            label={t().panel.department}
            value={departmentId}
            options={departments}
            onChange={setDepartment}
            wrong={wrong("departmentId")}
          />
          <Field
            label={t().users.most}
            name="most"
            type="number"
            value={most}
            onInput={setMost}
            wrong={wrong("maxConversations")}
            hint={t().users.mostHint}
          />
          {user && user.id !== me.value?.id && (
            <Switch label={t().users.active} checked={isActive} onChange={setActive} />
          )}
        </>
      )}
    </FormDialog>
  );
}

/** Nobody uses it: the person chooses their own by the link. */
function randomPassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return `${btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, "x")}7#`;
}

function LinkDialog({ link, onClose }: { link: string; onClose: () => void }): VNode {
  const copy = (): void => void navigator.clipboard?.writeText(link).then(() => say(t().common.copied, "ok"));
  return (
    <Dialog title={t().users.link} onClose={onClose}>
      <p>{t().users.linkMore}</p>
      <input
        class="input"
        readOnly
        value={link}
        aria-label={t().users.link}
        onFocus={(event) => event.currentTarget.select()}
      />
      <div class="actions">
        <Button kind="primary" icon="copy" onClick={copy}>
          {t().common.copy}
        </Button>
      </div>
    </Dialog>
  );
}
