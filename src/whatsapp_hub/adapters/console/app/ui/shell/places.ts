// The console's pages: where each is, what it is called, who may see it. The rail, the tabs, the palette and the keys
// of "go to" read this one table.
import type { ComponentType } from "preact";
import type { Messages } from "../../messages/pt-BR.ts";
import { t } from "../../state/i18n.ts";
import { may } from "../../state/session.ts";
import type { IconName } from "../kit/Icon.tsx";

type Load = () => Promise<{ default: ComponentType }>;

export interface Place {
  address: string;
  icon: IconName;
  label: keyof Messages["rail"];
  /** The right to read it; null: everybody. */
  reads: string | null;
  /** The right without which neither the rail nor the palette offers it, where that is another one. */
  offered?: string;
  load?: Load;
  /** What the rail calls its row, where that has several pages. */
  group?: keyof Messages["rail"];
  /** After G. */
  key?: string;
}

/** Each row is one entry of the rail; where it has several pages, they are its tabs. */
const ROWS: readonly (readonly Place[])[] = [
  [{ address: "/dashboard", icon: "inbox", label: "inbox", reads: "read-conversations", key: "i" }],
  [
    {
      address: "/dashboard/sessions",
      icon: "number",
      label: "numbers",
      reads: "read-sessions",
      offered: "manage-sessions",
      load: () => import("../pages/Sessions.tsx"),
      key: "n",
    },
  ],
  [
    {
      address: "/dashboard/customers",
      icon: "user",
      label: "contacts",
      reads: "read-all-conversations",
      offered: "manage-contacts",
      load: () => import("../pages/Contacts.tsx"),
    },
  ],
  [
    {
      address: "/dashboard/campaigns",
      icon: "send",
      label: "campaigns",
      reads: "manage-campaigns",
      load: () => import("../pages/Campaigns.tsx"),
    },
  ],
  [
    {
      address: "/dashboard/users",
      icon: "users",
      label: "users",
      reads: "read-users",
      offered: "manage-users",
      load: () => import("../pages/Users.tsx"),
      key: "t",
    },
  ],
  [
    {
      address: "/dashboard/departments",
      icon: "building",
      label: "departments",
      reads: "read-departments",
      offered: "manage-departments",
      load: () => import("../pages/Departments.tsx"),
    },
  ],
  [
    {
      address: "/dashboard/automation/replies",
      icon: "zap",
      label: "replies",
      reads: "read-quick-replies",
      load: () => import("../pages/Replies.tsx"),
      group: "automation",
      key: "a",
    },
    {
      address: "/dashboard/automation/rules",
      icon: "zap",
      label: "rules",
      reads: "manage-rules",
      load: () => import("../pages/Rules.tsx"),
    },
    {
      address: "/dashboard/automation/texts",
      icon: "bot",
      label: "texts",
      reads: "manage-company",
      load: () => import("../pages/Texts.tsx"),
    },
  ],
  [
    {
      address: "/dashboard/metrics",
      icon: "chart",
      label: "metrics",
      reads: "read-metrics",
      load: () => import("../pages/Metrics.tsx"),
      key: "m",
    },
  ],
  [
    {
      address: "/dashboard/audit",
      icon: "audit",
      label: "audit",
      reads: "read-audit",
      load: () => import("../pages/Audit.tsx"),
      group: "log",
    },
    {
      address: "/dashboard/events",
      icon: "audit",
      label: "events",
      reads: "read-events",
      load: () => import("../pages/Events.tsx"),
    },
  ],
  [
    {
      address: "/dashboard/developers/webhooks",
      icon: "webhook",
      label: "webhooks",
      reads: "manage-webhooks",
      load: () => import("../pages/Webhooks.tsx"),
      group: "developers",
      key: "d",
    },
    {
      address: "/dashboard/developers/keys",
      icon: "key",
      label: "keys",
      reads: "manage-api-keys",
      load: () => import("../pages/ApiKeys.tsx"),
    },
    {
      address: "/dashboard/developers/system",
      icon: "chart",
      label: "system",
      reads: "read-system",
      load: () => import("../pages/System.tsx"),
    },
  ],
  [
    {
      address: "/dashboard/settings",
      icon: "settings",
      label: "company",
      reads: "read-company",
      offered: "manage-company",
      load: () => import("../pages/Company.tsx"),
      key: "s",
    },
  ],
  [
    {
      address: "/companies",
      icon: "companies",
      label: "companies",
      reads: "manage-tenants",
      load: () => import("../pages/Companies.tsx"),
    },
  ],
];

/** Pages that stand in no rail. */
const OTHERS: readonly Place[] = [
  {
    address: "/dashboard/customers/:id",
    icon: "user",
    label: "contacts",
    reads: "read-conversations",
    load: () => import("../pages/Customer.tsx"),
  },
  { address: "/settings/me", icon: "user", label: "me", reads: null, load: () => import("../pages/Me.tsx") },
  { address: "/welcome", icon: "help", label: "guide", reads: null, load: () => import("../pages/Welcome.tsx") },
  { address: "/kit", icon: "tag", label: "kit", reads: "manage-company", load: () => import("../pages/Kit.tsx") },
];

/** The rows of the rail that the person may use, each with the pages that they may see. */
export function rows(): Place[][] {
  return ROWS.map((row) => row.filter(isOffered)).filter((row) => row.length > 0);
}

/** Every page that the person may open, in the order of the rail. */
export function offered(): Place[] {
  return [...ROWS.flat(), ...OTHERS].filter((place) => isOffered(place) && !place.address.includes(":"));
}

function isOffered(place: Place): boolean {
  const needed = place.offered ?? place.reads;
  return needed === null || may(needed);
}

/** The page at an address; the inbox has none of its own here. */
export function pageAt(address: string): Place | undefined {
  return [...ROWS.flat(), ...OTHERS].find((place) => place.load && isAddressOf(place, address));
}

/** `:id` stands for one part of an address. */
function isAddressOf(place: Place, address: string): boolean {
  const [before, after] = place.address.split(":");
  return after === undefined
    ? place.address === address
    : address.startsWith(before ?? "") && /^[0-9a-f-]{36}$/.test(address.slice(before?.length));
}

/** The pages that stand beside the one at an address, itself among them. */
export function besides(address: string): Place[] {
  return rows().find((row) => row.some((place) => place.address === address)) ?? [];
}

/** Whether the console shows this place, or one within it. */
export function isAt(place: Place, address: string): boolean {
  return place.address === "/dashboard"
    ? address === "/dashboard" || address.startsWith("/dashboard/c/")
    : address === place.address || address.startsWith(`${place.address}/`);
}

export function labelOf(place: Place): string {
  return t().rail[place.label];
}
