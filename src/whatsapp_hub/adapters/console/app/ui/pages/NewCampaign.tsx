import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AudienceCountView, CampaignBody, CreatedCampaign, TemplateView } from "../../core/schema.ts";
import { componentsOf, isFillable, keyOf, shown, type Values } from "../../core/templates.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { numberOf, t } from "../../state/i18n.ts";
import { complain } from "../../state/toasts.ts";
import { Field, Select } from "../kit/controls.tsx";
import { FormDialog, listed } from "./parts.tsx";

const TYPING_MS = 400;

/** Number, template, what stands in it, and who gets it. It is a draft until it is started. */
export function NewCampaign({ onClose, onMade }: { onClose: () => void; onMade: () => Promise<void> }): VNode {
  const numbers = directory.sessions.value.filter((session) => session.provider === "META");
  const [name, setName] = useState("");
  const [sessionId, setSession] = useState(numbers[0]?.id ?? "");
  const [templates, setTemplates] = useState<TemplateView[]>([]);
  const [templateId, setTemplate] = useState("");
  const [values, setValues] = useState<Values>({});
  const [labels, setLabels] = useState("");
  const [startAt, setStartAt] = useState("");
  const [limit, setLimit] = useState("");
  const [count, setCount] = useState<AudienceCountView | null>(null);
  const template = templates.find((one) => one.id === templateId);
  const audience = listed(labels).length ? { labels: listed(labels) } : { everybody: true };

  useEffect(() => {
    if (!sessionId) return;
    const load = async (): Promise<void> => {
      const query = { sessionId, status: "APPROVED" };
      const known = await directory.whole<TemplateView>("/api/templates", query);
      const fillable = known.filter((one) => isFillable(one.places));
      setTemplates(fillable);
      setTemplate(fillable[0]?.id ?? "");
    };
    void load().catch(complain);
  }, [sessionId]);
  useEffect(() => {
    const ask = async (): Promise<void> =>
      setCount((await api.send<AudienceCountView>("POST", "/api/campaigns/audience", { audience })).data);
    const waiting = setTimeout(() => void ask().catch(() => setCount(null)), TYPING_MS);
    return () => clearTimeout(waiting);
  }, [labels]);

  const submit = async (): Promise<void> => {
    const body: CampaignBody = {
      name,
      sessionId,
      template: {
        name: template?.name ?? "",
        language: template?.language ?? "",
        components: componentsOf(template?.places ?? [], values) as unknown as Record<string, unknown>[],
      },
      audience,
      startAt: startAt ? new Date(startAt).toISOString() : null,
      dailyLimit: limit.trim() ? Number(limit) : null,
    };
    await api.send<CreatedCampaign>("POST", "/api/campaigns", body);
    await onMade();
  };
  const words = t().campaigns;
  if (!numbers.length)
    return (
      <FormDialog title={words.add} submit={t().common.good} onClose={onClose} onSubmit={async () => onClose()}>
        {() => <p>{words.noNumber}</p>}
      </FormDialog>
    );
  return (
    <FormDialog title={words.add} submit={words.create} onClose={onClose} onSubmit={submit}>
      {(wrong) => (
        <>
          <Field label={words.name} name="name" autoFocus value={name} onInput={setName} wrong={wrong("name")} />
          <Select
            label={words.number}
            value={sessionId}
            options={numbers.map((one) => ({ value: one.id, label: one.name }))}
            onChange={setSession}
            wrong={wrong("sessionId")}
          />
          <Select
            label={words.template}
            value={templateId}
            options={templates.map((one) => ({ value: one.id, label: `${one.name} (${one.language})` }))}
            onChange={setTemplate}
            wrong={wrong("template/name") ?? wrong("template/language")}
          />
          {template && <p class="hint">{shown(bodyOf(template), template.places, values)}</p>}
          {template?.places.map((place) => (
            <Field
              key={keyOf(place)}
              label={`${words.place} ${place.part} ${place.name}`.trim()}
              name={keyOf(place)}
              value={values[keyOf(place)] ?? ""}
              onInput={(value) => setValues({ ...values, [keyOf(place)]: value })}
              hint={words.placeHint}
            />
          ))}
          <Field
            label={words.labels}
            name="labels"
            value={labels}
            onInput={setLabels}
            wrong={wrong("audience/labels")}
            hint={words.labelsHint}
          />
          <p role="status">
            {count && words.receive(numberOf(count.receive), numberOf(count.optedOut), numberOf(count.blocked))}
          </p>
          <Field
            label={words.startAt}
            name="startAt"
            type="datetime-local"
            value={startAt}
            onInput={setStartAt}
            wrong={wrong("startAt")}
            hint={words.startHint}
          />
          <Field
            label={words.limit}
            name="limit"
            type="number"
            value={limit}
            onInput={setLimit}
            wrong={wrong("dailyLimit")}
            hint={words.limitHint}
          />
        </>
      )}
    </FormDialog>
  );
}

function bodyOf(template: TemplateView): string {
  const body = (template.components ?? []).find((part) => String(part["type"]).toUpperCase() === "BODY");
  return String(body?.["text"] ?? "");
}
