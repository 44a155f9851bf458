import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import { say } from "../../state/toasts.ts";
import { Avatar, Due, Empty, now, PresenceDot, Skeletons } from "../kit/bits.tsx";
import { Button, Field, IconButton, Segments, Select, Switch } from "../kit/controls.tsx";
import { Dialog, Menu } from "../kit/overlays.tsx";
import { Bars } from "./Bars.tsx";
import { PageHead, Table } from "./parts.tsx";

const COLORS = [
  "canvas",
  "surface",
  "sunken",
  "hover",
  "border",
  "border-strong",
  "text",
  "muted",
  "faint",
  "accent",
  "accent-soft",
  "bubble-in",
  "bubble-out",
  "bubble-bot",
  "note",
  "danger",
  "danger-soft",
  "warn",
  "warn-soft",
  "ok",
  "ok-soft",
  "info",
  "info-soft",
] as const;
const SIZES = ["meta", "small", "ui", "message", "title", "head", "figure"] as const;
const TONES = ["", "ok", "info", "warning", "danger"] as const;
const OPTIONS = [
  { value: "one", label: "One" },
  { value: "two", label: "Two" },
] as const;

function Part({ title, children }: { title: string; children: ComponentChildren }): VNode {
  return (
    <section>
      <h2 class="page-part">{title}</h2>
      <div class="kit">{children}</div>
    </section>
  );
}

/** Every token and component in its states, for who works on the console. Its texts are not translated. */
export default function Kit(): VNode {
  const [text, setText] = useState("");
  const [choice, setChoice] = useState<"one" | "two">("one");
  const [on, setOn] = useState(true);
  const [isOpen, setOpen] = useState(false);
  const minutes = (n: number): string => new Date(now.value + n * 60_000).toISOString();
  return (
    <>
      <PageHead title="Kit" more="Tokens and components, each in its states." />
      <Part title="Colours">
        {COLORS.map((name) => (
          <span key={name} class="kit-color">
            <span style={{ background: `var(--${name})` }} />
            {name}
          </span>
        ))}
      </Part>
      <Part title="Type">
        {SIZES.map((name) => (
          <span key={name} style={{ font: `var(--${name}) var(--family)` }}>
            {name} 0123
          </span>
        ))}
      </Part>
      <Part title="Buttons">
        <Button>Usual</Button>
        <Button kind="primary" icon="plus">
          Primary
        </Button>
        <Button kind="quiet">Quiet</Button>
        <Button kind="danger" icon="trash">
          Danger
        </Button>
        <Button small>Small</Button>
        <Button disabled>Disabled</Button>
        <IconButton icon="search" label="Search" />
        <IconButton icon="bell" label="Pressed" pressed />
        <IconButton icon="bell" label="Disabled" disabled />
        <Menu
          label="Menu"
          items={[
            { label: "Item", run: () => {} },
            { label: "With a hint", hint: "hint", run: () => {} },
            "line",
            { label: "Danger", danger: true, run: () => {} },
          ]}
        />
      </Part>
      <Part title="Fields">
        <Field label="Text" name="text" value={text} onInput={setText} hint="A hint." />
        <Field label="Wrong" name="wrong" value={text} onInput={setText} wrong="This is wrong." />
        <Field label="Long" name="long" long value={text} onInput={setText} />
        <Select
          label="Select"
          value={choice}
          options={OPTIONS}
          onChange={(value) => setChoice(value as typeof choice)}
        />
        <Segments label="Segments" value={choice} options={OPTIONS} onChange={setChoice} />
        <Switch label="Switch" checked={on} onChange={setOn} />
      </Part>
      <Part title="Signs">
        {TONES.map((tone) => (
          <span key={tone} class={`chip ${tone}`}>
            {tone || "usual"}
          </span>
        ))}
        <b class="badge">3</b>
        <Avatar name="Carla Souza" />
        <Avatar name="João Lima" color="#8a5a00" status="BUSY" />
        <Avatar name="+55 11" small status="ONLINE" />
        <PresenceDot status="ONLINE" />
        <PresenceDot status="OFFLINE" />
        <Due at={minutes(240)} label="Calm" />
        <Due at={minutes(5)} label="Near" />
        <Due at={minutes(-12)} label="Late" />
      </Part>
      <Part title="Overlays">
        <Button onClick={() => setOpen(true)}>Dialog</Button>
        <Button onClick={() => say("It is done.", "ok")}>Good news</Button>
        <Button onClick={() => say("It went wrong.", "danger", { label: "Undo", run: () => {} })}>Bad news</Button>
      </Part>
      <Part title="States">
        <Empty icon="inbox" title="Nothing here">
          <p>Why it is empty, and what one can do.</p>
        </Empty>
        <Skeletons rows={3} height={28} />
      </Part>
      <Part title="Figures">
        <Bars
          label="Bars"
          bars={[
            { label: "Received", value: 13 },
            { label: "Sent", value: 7 },
          ]}
        />
        <Table
          label="Table"
          items={["a", "b"]}
          columns={[
            { label: "Name", shown: (x) => x },
            { label: "Figure", numeric: true, shown: () => "12" },
          ]}
          idOf={(x) => x}
        />
      </Part>
      {isOpen && (
        <Dialog title="Dialog" onClose={() => setOpen(false)}>
          <p>Escape closes it; the focus returns to its button.</p>
        </Dialog>
      )}
    </>
  );
}
