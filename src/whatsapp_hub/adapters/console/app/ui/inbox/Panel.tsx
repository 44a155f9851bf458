import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Conversation, NoteView } from "../../core/entities.ts";
import { api } from "../../state/api.ts";
import { departmentById, nameOf, sessionById } from "../../state/directory.ts";
import * as handling from "../../state/handling.ts";
import { momentOf, t } from "../../state/i18n.ts";
import { choose, isLabelling, panelShown } from "../../state/inbox.ts";
import { customerOf, phoneOf } from "../../state/names.ts";
import * as painting from "../../state/painting.ts";
import { may } from "../../state/session.ts";
import { complain, say } from "../../state/toasts.ts";
import { NoteText, NoteTools } from "../chat/Note.tsx";
import { Avatar, Due } from "../kit/bits.tsx";
import { Button, IconButton, Select } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";
import { Round } from "./Round.tsx";

const EARLIER_SHOWN = 6;
const PRIORITIES = ["LOW", "NORMAL", "HIGH", "URGENT"] as const;

/** The customer and the conversation: who it is, what it is about, until when, what colleagues noted. */
export function Panel({ id }: { id: string }): VNode | null {
  const c = painting.rowOf(id).value;
  const chat = painting.chatSignal(id).value;
  if (!c) return null;
  return (
    <aside class="panel" aria-label={t().panel.label}>
      <header>
        <h2>{t().panel.label}</h2>
        <IconButton icon="close" label={t().common.close} onClick={() => (panelShown.value = false)} />
      </header>
      <Identity c={c} />
      <Labels c={c} />
      <Facts c={c} />
      <Notes notes={chat?.notes ?? []} id={id} />
      <Earlier c={c} />
      <details class="panel-part">
        <summary>{t().panel.technical}</summary>
        <dl class="facts">
          <Copied label="id" value={c.id} />
          <Copied label="chat" value={c.metadata.chatId} />
          <Copied label="contactId" value={c.contactId} />
        </dl>
      </details>
    </aside>
  );
}

function Identity({ c }: { c: Conversation }): VNode {
  const [name, setName] = useState<string | null>(null);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (name?.trim() && (await handling.rename(c.id, name.trim()))) setName(null);
  };
  return (
    <div class="panel-part identity">
      <Avatar name={customerOf(c)} color={departmentById.value.get(c.departmentId ?? "")?.color} />
      {name === null ? (
        <div>
          <strong dir="auto">{customerOf(c)}</strong>
          {may("work-conversations") && (
            <IconButton icon="pencil" label={t().panel.rename} onClick={() => setName(c.customerName ?? "")} />
          )}
        </div>
      ) : (
        <form onSubmit={save} class="inline-form">
          <input
            class="input"
            aria-label={t().panel.name}
            value={name}
            onInput={(e) => setName(e.currentTarget.value)}
            ref={(e) => e?.focus()}
          />
          <IconButton icon="close" label={t().common.cancel} onClick={() => setName(null)} />
          <Button small kind="primary" type="submit">
            {t().common.save}
          </Button>
        </form>
      )}
      {c.customerPhone && (
        <button type="button" class="copy" title={t().common.copy} onClick={() => copy(c.customerPhone!)}>
          {phoneOf(c.customerPhone)} <Icon name="copy" size="tiny" />
        </button>
      )}
    </div>
  );
}

function copy(text: string): void {
  void navigator.clipboard?.writeText(text).then(() => say(t().common.copied, "ok"));
}

function Copied({ label, value }: { label: string; value: string }): VNode {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <button type="button" class="copy" onClick={() => copy(value)}>
          <code>{value}</code> <Icon name="copy" size="tiny" />
        </button>
      </dd>
    </div>
  );
}

function Labels({ c }: { c: Conversation }): VNode {
  const adding = isLabelling.value;
  const setAdding = (on: boolean): void => {
    isLabelling.value = on;
  };
  const [text, setText] = useState("");
  const known = [...new Set([...painting.conversations()].flatMap((one) => one.labels))].filter(
    (label) => !c.labels.includes(label),
  );
  const canChange = may("work-conversations");
  const add = (event: Event): void => {
    event.preventDefault();
    const label = text.trim();
    if (label && !c.labels.includes(label)) void handling.setLabels(c.id, [...c.labels, label]);
    setText("");
    setAdding(false);
  };
  return (
    <div class="panel-part labels">
      {c.labels.map((label) => (
        <span class="chip" key={label}>
          <button type="button" onClick={() => choose({ label })}>
            {label}
          </button>
          {canChange && (
            <button
              type="button"
              aria-label={t().panel.removeLabel(label)}
              onClick={() =>
                void handling.setLabels(
                  c.id,
                  c.labels.filter((one) => one !== label),
                )
              }
            >
              <Icon name="close" size="tiny" />
            </button>
          )}
        </span>
      ))}
      {canChange &&
        (adding ? (
          <form onSubmit={add}>
            <input
              class="input small"
              list="known-labels"
              aria-label={t().panel.newLabel}
              placeholder={t().panel.newLabel}
              value={text}
              onInput={(e) => setText(e.currentTarget.value)}
              onBlur={add}
              ref={(e) => e?.focus()}
            />
            <datalist id="known-labels">
              {known.map((label) => (
                <option key={label} value={label} />
              ))}
            </datalist>
          </form>
        ) : (
          <button type="button" class="chip" onClick={() => setAdding(true)}>
            <Icon name="plus" size="tiny" />
            {t().panel.addLabel}
          </button>
        ))}
    </div>
  );
}

function Facts({ c }: { c: Conversation }): VNode {
  const session = sessionById.value.get(c.sessionId);
  return (
    <div class="panel-part">
      {may("work-conversations") && (
        <Select
          label={t().panel.priority}
          value={c.priority}
          options={PRIORITIES.map((p) => ({ value: p, label: t().priority[p] }))}
          onChange={(value) => void handling.setPriority(c.id, value as Conversation["priority"])}
        />
      )}
      <dl class="facts">
        <Fact label={t().panel.status} value={t().status[c.status]} />
        <Fact label={t().panel.assignee} value={nameOf(c.assignedUserId) || "—"} />
        <Fact label={t().panel.department} value={departmentById.value.get(c.departmentId ?? "")?.name ?? "—"} />
        <Fact
          label={t().panel.number}
          value={session ? `${session.name}${session.phoneNumber ? ` · ${phoneOf(session.phoneNumber)}` : ""}` : "—"}
        />
        {c.lastAttendantId && <Fact label={t().panel.lastAttendant} value={nameOf(c.lastAttendantId)} />}
        {c.rating !== null && <Fact label={t().panel.rating} value={"★".repeat(c.rating)} />}
        <Fact label={t().panel.since} value={momentOf(c.createdAt)} />
      </dl>
      <div class="labels">
        {c.firstResponseDueAt && <Due at={c.firstResponseDueAt} label={t().panel.firstResponse} />}
        {c.resolutionDueAt && <Due at={c.resolutionDueAt} label={t().panel.resolution} />}
        {c.windowClosesAt && <Due at={c.windowClosesAt} label={t().panel.window} />}
      </div>
    </div>
  );
}

function Fact({ label, value }: { label: string; value: string }): VNode {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** The other conversations with this customer: read when one asks for them. */
function Earlier({ c }: { c: Conversation }): VNode {
  const [rounds, setRounds] = useState<Conversation[] | null>(null);
  const read = (): void => {
    if (rounds) return;
    api
      .get<Conversation[]>(`/api/contacts/${c.contactId}/conversations`, { limit: EARLIER_SHOWN + 1 })
      .then(({ data }) => setRounds(data.filter((one) => one.id !== c.id)), complain);
  };
  return (
    <details class="panel-part" onToggle={(event) => event.currentTarget.open && read()}>
      <summary>{t().customer.rounds}</summary>
      {rounds && !rounds.length && <p class="hint">{t().customer.noOthers}</p>}
      <ol class="rounds">
        {rounds?.slice(0, EARLIER_SHOWN).map((one) => (
          <li key={one.id}>
            <Round c={one} />
          </li>
        ))}
      </ol>
      <a href={`/dashboard/customers/${c.contactId}`}>{t().customer.open}</a>
    </details>
  );
}

function Notes({ notes, id }: { notes: readonly NoteView[]; id: string }): VNode {
  const [text, setText] = useState("");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (text.trim() && (await handling.addNote(id, text.trim()))) setText("");
  };
  return (
    <div class="panel-part">
      <h3>
        {t().panel.notes} <span class="count">{notes.length || ""}</span>
      </h3>
      <ul class="notes">
        {[...notes].reverse().map((note) => (
          <li key={note.id}>
            <NoteText note={note} />
            <small>
              {nameOf(note.userId) || t().chat.program} · {note.editedAt && `${t().chat.edited} · `}
              {momentOf(note.createdAt)}
            </small>
            <NoteTools note={note} />
          </li>
        ))}
      </ul>
      {may("work-conversations") && (
        <form onSubmit={submit} class="note-form">
          <textarea
            class="input"
            rows={2}
            aria-label={t().panel.newNote}
            placeholder={t().panel.newNote}
            value={text}
            onInput={(e) => setText(e.currentTarget.value)}
          />
          {text.trim() && (
            <Button small type="submit" icon="note">
              {t().composer.addNote}
            </Button>
          )}
        </form>
      )}
    </div>
  );
}
