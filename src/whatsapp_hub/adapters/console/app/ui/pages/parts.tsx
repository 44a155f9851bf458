import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../../ports/index.ts";
import { t } from "../../state/i18n.ts";
import { attempt, saidOf } from "../../state/toasts.ts";
import { Button } from "../kit/controls.tsx";
import { Dialog } from "../kit/overlays.tsx";

export function PageHead({
  title,
  more,
  children,
}: {
  title: string;
  more?: string;
  children?: ComponentChildren;
}): VNode {
  return (
    <header class="page-head">
      <div>
        <h1>{title}</h1>
        {more && <p>{more}</p>}
      </div>
      <div class="page-actions">{children}</div>
    </header>
  );
}

export interface Column<T> {
  label: string;
  shown: (item: T) => ComponentChildren;
  numeric?: boolean;
}

/** A table that scrolls by itself where it is wider than the page. */
export function Table<T>({
  label,
  items,
  columns,
  idOf,
}: {
  label: string;
  items: readonly T[];
  columns: readonly Column<T>[];
  idOf: (item: T) => string;
}): VNode {
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.label} scope="col" class={column.numeric ? "numeric" : ""}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={idOf(item)}>
              {columns.map((column) => (
                <td key={column.label} class={column.numeric ? "numeric" : ""} data-label={column.label}>
                  {column.shown(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface FormDialogProps {
  title: string;
  onClose: () => void;
  onSubmit: () => Promise<void>;
  children: (wrong: (field: string) => string | undefined) => ComponentChildren;
  submit?: string;
  danger?: boolean;
}

/** A form in a dialog: the hub's word on a field stands beside it, on anything else below. */
export function FormDialog({ title, onClose, onSubmit, children, submit, danger }: FormDialogProps): VNode {
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const fields = problem instanceof Problem ? problem.fields : {};
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await onSubmit();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={send}>
        {children((field) => fields[field])}
        {problem !== null && (
          <p class="form-wrong" role="alert">
            {saidOf(problem)}
          </p>
        )}
        <div class="actions">
          <Button kind="quiet" onClick={onClose}>
            {t().common.cancel}
          </Button>
          <Button type="submit" kind={danger ? "danger" : "primary"} disabled={busy}>
            {submit ?? t().common.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Copy a text, and say so. */
export function CopyButton({ text, label }: { text: () => string; label: string }): VNode {
  return (
    <Button
      small
      icon="copy"
      onClick={() => void attempt(() => navigator.clipboard.writeText(text()), t().common.copied)}
    >
      {label}
    </Button>
  );
}

/** What stands between commas. */
export function listed(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}

interface ConfirmProps {
  title: string;
  more?: string;
  submit?: string;
  onClose: () => void;
  onConfirm: () => Promise<void>;
}

/** Ask before something is lost. */
export function ConfirmDialog({ title, more, submit, onClose, onConfirm }: ConfirmProps): VNode {
  const confirm = async (): Promise<void> => {
    await onConfirm();
    onClose();
  };
  return (
    <FormDialog title={title} onClose={onClose} onSubmit={confirm} submit={submit ?? t().common.remove} danger>
      {() => more && <p>{more}</p>}
    </FormDialog>
  );
}

/** A secret that is shown this once: to be read, selected, copied. */
export function SecretDialog({
  title,
  secret,
  onClose,
}: {
  title: string;
  secret: string;
  onClose: () => void;
}): VNode {
  return (
    <Dialog title={t().secret.title} onClose={onClose}>
      <p>{t().secret.more}</p>
      <input
        class="input secret"
        readOnly
        aria-label={title}
        value={secret}
        onFocus={(event) => event.currentTarget.select()}
      />
      <div class="actions">
        <CopyButton text={() => secret} label={t().common.copy} />
        <Button kind="primary" onClick={onClose}>
          {t().common.good}
        </Button>
      </div>
    </Dialog>
  );
}
