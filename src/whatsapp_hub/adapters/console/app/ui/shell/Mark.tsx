import type { VNode } from "preact";

/** The hub's mark. */
export function Mark({ small }: { small?: boolean }): VNode {
  const side = small ? 28 : 44;
  return (
    <svg class="mark" width={side} height={side} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M9 8v16M23 8v16M9 16c4.6 0 4.6-4 7-4s2.4 8 7 4" />
    </svg>
  );
}
