// Where in the console one is: the address, and links that change it without a load.
import { computed, signal } from "@preact/signals";

const place = signal(current());

function current(): { path: string; query: string } {
  return { path: location.pathname, query: location.search };
}

export const path = computed(() => place.value.path);
export const query = computed(() => new URLSearchParams(place.value.query));

/** Go to an address of the console; `replace`: not a step that "back" leads to. */
export function go(address: string, { replace = false } = {}): void {
  if (address === location.pathname + location.search) return;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  place.value = current();
}

window.addEventListener("popstate", () => {
  place.value = current();
});

/** Follow a click on a link of the console, unless it is meant for a new tab. */
export function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = (event.target as Element).closest?.("a[href]");
  if (
    !(link instanceof HTMLAnchorElement) ||
    link.origin !== location.origin ||
    link.target ||
    link.hasAttribute("download")
  )
    return;
  if (!/^\/(dashboard|login|welcome|companies|settings|phone|kit)(\/|$|\?)/.test(link.pathname)) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
