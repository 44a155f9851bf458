import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../../state/i18n.ts";
import { dismiss, toasts } from "../../state/toasts.ts";
import { IconButton } from "./controls.tsx";
import type { IconName } from "./Icon.tsx";

/** A native dialog: modal, closed by Escape, focus returns to where it was. */
export function Dialog({
  title,
  children,
  onClose,
  wide,
}: {
  title: string;
  children: ComponentChildren;
  onClose?: () => void;
  wide?: boolean;
}): VNode {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current!;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={`dialog ${wide ? "wide" : ""}`}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <header>
        <h2>{title}</h2>
        {onClose && <IconButton icon="close" label={t().common.close} onClick={onClose} />}
      </header>
      <div class="content">{children}</div>
    </dialog>
  );
}

export interface MenuItem {
  label: string;
  icon?: VNode;
  hint?: string;
  checked?: boolean;
  danger?: boolean;
  run: () => void;
}

interface MenuProps {
  icon?: IconName;
  label: string;
  items: readonly (MenuItem | "line")[];
  children?: ComponentChildren;
  className?: string;
  /** By which a shortcut opens it. */
  name?: string;
}

/** Open a menu that is on the page, by its name. */
export function openMenu(name: string): void {
  document.querySelector<HTMLElement>(`[data-menu="${name}"] > button`)?.click();
}

/** A button with a menu (a popover): arrows move, Enter chooses, Escape closes. */
export function Menu({ icon = "more", label, items, children, className = "", name }: MenuProps): VNode {
  const button = useRef<HTMLSpanElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const toggle = (): void => {
    const popover = menu.current!;
    popover.togglePopover();
    if (!popover.matches(":popover-open")) return;
    place(popover, button.current!.getBoundingClientRect());
    (popover.querySelector("[role^=menuitem]") as HTMLElement | null)?.focus();
  };
  return (
    <span class="menu-anchor" ref={button} data-menu={name}>
      {children ? (
        <button type="button" class={className} aria-label={label} aria-haspopup="menu" onClick={toggle}>
          {children}
        </button>
      ) : (
        <IconButton icon={icon} label={label} onClick={toggle} />
      )}
      <div
        ref={menu}
        class="menu"
        popover="auto"
        role="menu"
        aria-label={label}
        onKeyDown={(event) => walk(event, menu.current!)}
      >
        {items.map((item, n) =>
          item === "line" ? (
            <hr key={n} />
          ) : (
            <button
              key={item.label}
              type="button"
              role={item.checked === undefined ? "menuitem" : "menuitemradio"}
              aria-checked={item.checked}
              class={item.danger ? "danger" : ""}
              onClick={() => {
                menu.current!.hidePopover();
                item.run();
              }}
            >
              {item.icon}
              <span>
                {item.label}
                {item.hint && <small> {item.hint}</small>}
              </span>
            </button>
          ),
        )}
      </div>
    </span>
  );
}

function place(popover: HTMLElement, anchor: DOMRect): void {
  const { width, height } = popover.getBoundingClientRect();
  const left = Math.max(8, Math.min(anchor.left, window.innerWidth - width - 8));
  const below = anchor.bottom + 4;
  const top = below + height > window.innerHeight - 8 ? Math.max(8, anchor.top - height - 4) : below;
  popover.style.left = `${left}px`;
  popover.style.top = `${top}px`;
}

function walk(event: KeyboardEvent, menu: HTMLElement): void {
  const items = [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items[(next + items.length) % items.length]?.focus();
}

export function Toasts(): VNode {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={toast.tone}>
          <span>{toast.text}</span>
          {toast.action && (
            <button
              type="button"
              onClick={() => {
                dismiss(toast.id);
                toast.action?.run();
              }}
            >
              {toast.action.label}
            </button>
          )}
          <button type="button" aria-label={t().common.close} onClick={() => dismiss(toast.id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
