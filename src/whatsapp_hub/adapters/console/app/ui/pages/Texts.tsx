import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { OwnCompany } from "../../core/schema.ts";
import { Problem } from "../../ports/index.ts";
import { api } from "../../state/api.ts";
import { t } from "../../state/i18n.ts";
import { attempt, complain, saidOf, say } from "../../state/toasts.ts";
import { Button, Field } from "../kit/controls.tsx";
import { PageHead } from "./parts.tsx";

type Name = Exclude<keyof ReturnType<typeof t>["texts"]["names"], "greeting">;

const WITH_DEPARTMENT: readonly Name[] = ["confirm", "transferred"];

/** What the bot says to customers: each text, where the company has one of its own. */
export default function Texts(): VNode {
  const [company, setCompany] = useState<OwnCompany | null>(null);
  useEffect(() => {
    api.get<OwnCompany>("/api/companies/me").then((answer) => setCompany(answer.data), complain);
  }, []);
  return (
    <>
      <PageHead title={t().rail.texts} more={t().texts.more} />
      {company && <Form company={company} />}
    </>
  );
}

function Form({ company }: { company: OwnCompany }): VNode {
  const [greeting, setGreeting] = useState(company.greetingMessage ?? "");
  const [texts, setTexts] = useState(company.texts);
  const [problem, setProblem] = useState<unknown>(null);
  const { greeting: greetingName, ...names } = t().texts.names;
  const wrong = (field: string): string | undefined => (problem instanceof Problem ? problem.fields[field] : undefined);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setProblem(null);
    try {
      await api.send("PATCH", "/api/companies/me", { greetingMessage: greeting, texts });
      say(t().common.saved, "ok");
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form class="form settings" onSubmit={(event) => void attempt(() => save(event))}>
      <Field
        label={greetingName}
        name="greeting"
        long
        value={greeting}
        onInput={setGreeting}
        hint={t().texts.usual}
        wrong={wrong("greetingMessage")}
      />
      {(Object.keys(names) as Name[]).map((name) => (
        <Field
          key={name}
          label={names[name]}
          name={name}
          long
          value={texts[name] ?? ""}
          onInput={(text) => setTexts({ ...texts, [name]: text })}
          hint={WITH_DEPARTMENT.includes(name) ? t().texts.withDepartment : t().texts.usual}
          wrong={wrong(`texts/${name}`)}
        />
      ))}
      {problem !== null && (
        <p class="form-wrong" role="alert">
          {saidOf(problem)}
        </p>
      )}
      <div class="actions">
        <Button type="submit" kind="primary">
          {t().common.save}
        </Button>
      </div>
    </form>
  );
}
