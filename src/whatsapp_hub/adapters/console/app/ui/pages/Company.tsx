import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { TenantView } from "../../core/entities.ts";
import type { Language } from "../../core/schema.ts";
import { Problem } from "../../ports/index.ts";
import { api } from "../../state/api.ts";
import { LANGUAGES, t } from "../../state/i18n.ts";
import { may } from "../../state/session.ts";
import { attempt, saidOf, say } from "../../state/toasts.ts";
import { Button, Field, Select, Switch } from "../kit/controls.tsx";
import { HoursGrid, type Week } from "./HoursGrid.tsx";
import { PageHead } from "./parts.tsx";

/** What the company sets for itself: its name and language, hours, greeting, targets. */
export default function Company(): VNode {
  const [company, setCompany] = useState<TenantView | null>(null);
  useEffect(
    () =>
      void attempt(() => api.get<TenantView>("/api/companies/me")).then((answer) => answer && setCompany(answer.data)),
    [],
  );
  return (
    <>
      <PageHead title={t().rail.company} />
      {company && <Form company={company} />}
    </>
  );
}

function Form({ company }: { company: TenantView }): VNode {
  const [name, setName] = useState(company.name);
  const [language, setLanguage] = useState<Language>(company.language);
  const [greeting, setGreeting] = useState(company.greetingMessage ?? "");
  const [first, setFirst] = useState(company.firstResponseTargetMinutes?.toString() ?? "");
  const [resolution, setResolution] = useState(company.resolutionTargetMinutes?.toString() ?? "");
  const [asksRating, setAsks] = useState(company.asksRating ?? false);
  const [hasHours, setHasHours] = useState(Boolean(company.hours));
  const [week, setWeek] = useState<Week>((company.hours?.week ?? {}) as Week);
  const [problem, setProblem] = useState<unknown>(null);
  const zone = company.hours?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const wrong = (field: string): string | undefined => (problem instanceof Problem ? problem.fields[field] : undefined);
  const canChange = may("manage-company");
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setProblem(null);
    try {
      await api.send("PATCH", "/api/companies/me", {
        name,
        language,
        greetingMessage: greeting,
        asksRating,
        firstResponseTargetMinutes: first ? Number(first) : null,
        resolutionTargetMinutes: resolution ? Number(resolution) : null,
        hours: hasHours ? { timezone: zone, week, holidays: company.hours?.holidays ?? [] } : null,
      });
      say(t().common.saved, "ok");
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form class="form settings" onSubmit={save}>
      <fieldset disabled={!canChange}>
        <Field label={t().company.name} name="name" required value={name} onInput={setName} wrong={wrong("name")} />
        <Select
          label={t().settings.language}
          value={language}
          options={LANGUAGES.map((l) => ({ value: l.code, label: l.name }))}
          onChange={(value) => setLanguage(value as Language)}
        />
        <Field
          label={t().company.greeting}
          name="greeting"
          long
          value={greeting}
          onInput={setGreeting}
          hint={t().company.greetingHint}
          wrong={wrong("greetingMessage")}
        />
        <Field
          label={t().company.first}
          name="first"
          type="number"
          value={first}
          onInput={setFirst}
          wrong={wrong("firstResponseTargetMinutes")}
        />
        <Field
          label={t().company.resolution}
          name="resolution"
          type="number"
          value={resolution}
          onInput={setResolution}
          wrong={wrong("resolutionTargetMinutes")}
        />
        <Switch label={t().company.asksRating} checked={asksRating} onChange={setAsks} />
        <Switch label={t().company.hours} checked={hasHours} onChange={setHasHours} />
        {hasHours && <HoursGrid week={week} onChange={setWeek} zone={zone} wrong={wrong("hours")} />}
        {problem !== null && (
          <p class="form-wrong" role="alert">
            {saidOf(problem)}
          </p>
        )}
        {canChange && (
          <div class="actions">
            <Button type="submit" kind="primary">
              {t().common.save}
            </Button>
          </div>
        )}
      </fieldset>
    </form>
  );
}
