import type { ComponentChildren, VNode } from "preact";
import { useId, useRef } from "preact/hooks";
import { Icon, type IconName } from "./Icon.tsx";

interface ButtonProps {
  children: ComponentChildren;
  icon?: IconName;
  kind?: "" | "primary" | "quiet" | "danger";
  small?: boolean;
  type?: "button" | "submit";
  disabled?: boolean;
  title?: string;
  onClick?: (event: MouseEvent) => void;
}

export function Button({ children, icon, kind = "", small, type = "button", ...rest }: ButtonProps): VNode {
  return (
    <button type={type} class={`button ${kind} ${small ? "small" : ""}`} {...rest}>
      {icon && <Icon name={icon} size={small ? "tiny" : ""} />}
      {children}
    </button>
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick?: (event: MouseEvent) => void;
  pressed?: boolean;
  expanded?: boolean;
  disabled?: boolean;
}

export function IconButton({ icon, label, onClick, pressed, expanded, disabled }: IconButtonProps): VNode {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

interface FieldProps {
  label: string;
  name: string;
  value: string;
  onInput: (value: string) => void;
  type?: string;
  hint?: string;
  wrong?: string | undefined;
  required?: boolean;
  autoComplete?: string;
  autoFocus?: boolean;
  long?: boolean;
  placeholder?: string;
  maxLength?: number;
  inputMode?: "numeric" | "tel" | "email" | "text";
}

export function Field({
  label,
  name,
  value,
  onInput,
  type = "text",
  hint,
  wrong,
  long,
  autoFocus,
  ...rest
}: FieldProps): VNode {
  const id = useId();
  const focused = useRef(false);
  const common = {
    id,
    name,
    class: "input",
    value,
    autofocus: autoFocus, // what a dialog gives the focus to when it opens
    "aria-invalid": wrong ? true : undefined,
    "aria-describedby": hint || wrong ? `${id}-more` : undefined,
    ref: (element: HTMLElement | null) => {
      if (autoFocus && element && !focused.current) {
        focused.current = true;
        element.focus();
      }
    },
    onInput: (event: Event) => onInput((event.currentTarget as HTMLInputElement).value),
    ...rest,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {long ? <textarea {...common} rows={4} /> : <input {...common} type={type} />}
      {(wrong || hint) && (
        <span id={`${id}-more`} class={wrong ? "wrong" : "hint"}>
          {wrong ?? hint}
        </span>
      )}
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
  hideLabel?: boolean;
  wrong?: string | undefined;
}

export function Select({ label, value, options, onChange, hideLabel, wrong }: SelectProps): VNode {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={hideLabel ? "unseen" : ""}>
        {label}
      </label>
      <select id={id} class="input" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      {wrong && <span class="wrong">{wrong}</span>}
    </div>
  );
}

export function Switch({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange: (on: boolean) => void;
}): VNode {
  return (
    <label class="switch">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}

/** One of a few, all in sight. */
export function Segments<T extends string>({ label, value, options, onChange }: SegmentsProps<T>): VNode {
  return (
    <fieldset class="seg-field">
      <legend class="unseen">{label}</legend>
      <div class="seg">
        {options.map((option) => (
          <button
            key={option.value}
            type="button"
            aria-pressed={option.value === value}
            onClick={() => onChange(option.value)}
          >
            {option.label}
          </button>
        ))}
      </div>
    </fieldset>
  );
}
