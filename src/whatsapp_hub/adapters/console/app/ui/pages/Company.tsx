import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { LabelView, Language, OwnCompany, RetentionView } from "../../core/schema.ts";
import { Problem } from "../../ports/index.ts";
import { api } from "../../state/api.ts";
import { LANGUAGES, numberOf, t } from "../../state/i18n.ts";
import { may } from "../../state/session.ts";
import { attempt, complain, saidOf, say } from "../../state/toasts.ts";
import { Button, Field, Select, Switch } from "../kit/controls.tsx";
import { HoursGrid, type Week } from "./HoursGrid.tsx";
import { PageHead } from "./parts.tsx";

/** What the company sets for itself: its name and language, hours, greeting, targets. */
export default function Company(): VNode {
  const [company, setCompany] = useState<OwnCompany | null>(null);
  useEffect(
    () =>
      void attempt(() => api.get<OwnCompany>("/api/companies/me")).then((answer) => answer && setCompany(answer.data)),
    [],
  );
  return (
    <>
      <PageHead title={t().rail.company} />
      {company && <Form company={company} />}
      <Labels />
    </>
  );
}

function Form({ company }: { company: OwnCompany }): VNode {
  const [name, setName] = useState(company.name);
  const [language, setLanguage] = useState<Language>(company.language);
  const [greeting, setGreeting] = useState(company.greetingMessage ?? "");
  const [first, setFirst] = useState(company.firstResponseTargetMinutes?.toString() ?? "");
  const [resolution, setResolution] = useState(company.resolutionTargetMinutes?.toString() ?? "");
  const [asksRating, setAsks] = useState(company.asksRating ?? false);
  const [agentName, setAgentName] = useState(company.agentNameBeforeTexts);
  const [hasHours, setHasHours] = useState(Boolean(company.hours));
  const [week, setWeek] = useState<Week>((company.hours?.week ?? {}) as Week);
  const [quiet, setQuiet] = useState(company.resolveQuietAfterHours?.toString() ?? "");
  const [warning, setWarning] = useState(company.targetWarningPercent?.toString() ?? "");
  const [reasons, setReasons] = useState(company.resolveReasons.join("\n"));
  const [reasonRequired, setReasonRequired] = useState(company.resolveReasonRequired);
  const [secondFactor, setSecondFactor] = useState(company.secondFactorRequired);
  const [oidc, setOidc] = useState(company.oidcRequired);
  const [kept, setKept] = useState<Record<string, string>>(
    Object.fromEntries(Object.entries(company.retention).map(([name, days]) => [name, days?.toString() ?? ""])),
  );
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
        agentNameBeforeTexts: agentName,
        firstResponseTargetMinutes: first ? Number(first) : null,
        resolutionTargetMinutes: resolution ? Number(resolution) : null,
        resolveQuietAfterHours: quiet ? Number(quiet) : null,
        targetWarningPercent: warning ? Number(warning) : null,
        resolveReasons: reasons
          .split("\n")
          .map((reason) => reason.trim())
          .filter(Boolean),
        resolveReasonRequired: reasonRequired,
        secondFactorRequired: secondFactor,
        oidcRequired: oidc,
        retention: Object.fromEntries(Object.entries(kept).map(([name, days]) => [name, days ? Number(days) : null])),
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
        <Field
          label={t().companyMore.warning}
          name="warning"
          type="number"
          value={warning}
          onInput={setWarning}
          wrong={wrong("targetWarningPercent")}
        />
        <Switch label={t().company.asksRating} checked={asksRating} onChange={setAsks} />
        <Switch label={t().company.agentName} checked={agentName} onChange={setAgentName} />
        <Switch label={t().company.hours} checked={hasHours} onChange={setHasHours} />
        {hasHours && <HoursGrid week={week} onChange={setWeek} zone={zone} wrong={wrong("hours")} />}
        <h2>{t().companyMore.closing}</h2>
        <Field
          label={t().companyMore.reasons}
          name="reasons"
          long
          value={reasons}
          onInput={setReasons}
          hint={t().companyMore.reasonsHint}
          wrong={wrong("resolveReasons")}
        />
        <Switch label={t().companyMore.reasonRequired} checked={reasonRequired} onChange={setReasonRequired} />
        <Field
          label={t().companyMore.quiet}
          name="quiet"
          type="number"
          value={quiet}
          onInput={setQuiet}
          hint={t().companyMore.quietHint}
          wrong={wrong("resolveQuietAfterHours")}
        />
        <h2>{t().companyMore.security}</h2>
        <Switch label={t().companyMore.secondFactor} checked={secondFactor} onChange={setSecondFactor} />
        <Switch label={t().companyMore.oidc} checked={oidc} onChange={setOidc} />
        <h2>{t().companyMore.keeping}</h2>
        <p class="hint">{t().companyMore.keepingHint}</p>
        {(Object.entries(t().companyMore.kept) as [keyof RetentionView, string][]).map(([name, label]) => (
          <Field
            key={name}
            label={label}
            name={name}
            type="number"
            value={kept[name] ?? ""}
            onInput={(days) => setKept({ ...kept, [name]: days })}
            wrong={wrong(`retention/${name}`)}
          />
        ))}
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

/** The labels that conversations carry, and how many do. */
function Labels(): VNode | null {
  const [labels, setLabels] = useState<LabelView[] | null>(null);
  useEffect(() => {
    api.get<LabelView[]>("/api/labels").then((answer) => setLabels(answer.data), complain);
  }, []);
  return (
    labels && (
      <section>
        <h2 class="page-part">{t().companyMore.labels}</h2>
        {labels.length === 0 && <p class="hint">{t().companyMore.noLabels}</p>}
        <p class="labels">
          {labels.map((one) => (
            <span key={one.label} class="chip">
              {one.label} · {numberOf(one.count)}
            </span>
          ))}
        </p>
      </section>
    )
  );
}
