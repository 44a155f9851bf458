import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { SessionDetail } from "../../core/entities.ts";
import type { CodeView } from "../../core/schema.ts";
import { api } from "../../state/api.ts";
import * as directory from "../../state/directory.ts";
import { t } from "../../state/i18n.ts";
import { sessionReasonOf } from "../../state/reasons.ts";
import { complain, saidOf } from "../../state/toasts.ts";
import { Button, Field } from "../kit/controls.tsx";
import { Icon } from "../kit/Icon.tsx";

const LOOK_EVERY_MS = 2_000;

/** Link a phone: the live code, renewed without flicker, or a code to type; each state says what it waits for. */
export function QrPanel({ s }: { s: SessionDetail }): VNode {
  const [code, setCode] = useState<CodeView | null>(null);
  const [left, setLeft] = useState<number | null>(null);
  const isWaiting = s.status === "QR_PENDING" || s.status === "CONNECTING";
  useEffect(() => {
    if (!isWaiting) return;
    const look = async (): Promise<void> => {
      const found = await api.get<CodeView>(`/api/sessions/${s.id}/qr`).catch(() => null);
      if (found) setCode(found.data);
      else await directory.loadSessions().catch(() => {});
    };
    void look();
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [s.id, isWaiting]);
  useEffect(() => {
    const tick = (): void =>
      setLeft(code?.expiresAt ? Math.max(0, Math.round((Date.parse(code.expiresAt) - Date.now()) / 1000)) : null);
    tick();
    const timer = setInterval(tick, 1_000);
    return () => clearInterval(timer);
  }, [code?.expiresAt]);

  if (s.status === "CONNECTED") {
    return (
      <div class="qr-panel">
        <Icon name="done" size="large" />
        <h3>{t().qr.connected}</h3>
        <p>{t().qr.connectedMore}</p>
      </div>
    );
  }
  if (!isWaiting) {
    return (
      <div class="qr-panel">
        <Icon name="warning" size="large" />
        <h3>{t().session.status[s.status]}</h3>
        <p>{sessionReasonOf(s)}</p>
        <Button
          kind="primary"
          icon="refresh"
          onClick={() =>
            void api.send("POST", `/api/sessions/${s.id}/start`).then(directory.loadSessions).catch(complain)
          }
        >
          {t().qr.new}
        </Button>
      </div>
    );
  }
  return (
    <div class="qr-panel">
      {code?.qrCode ? (
        <img class="qr" src={code.qrCode} alt={t().qr.alt} width={264} height={264} />
      ) : (
        <p class="qr-waiting">{sessionReasonOf(s) || t().qr.waiting}</p>
      )}
      {left !== null && code?.qrCode && <p class="hint">{t().qr.left(left)}</p>}
      <ol>
        {t().qr.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <Pairing s={s} />
    </div>
  );
}

function Pairing({ s }: { s: SessionDetail }): VNode {
  const [phone, setPhone] = useState("");
  const [code, setCode] = useState("");
  const [wrong, setWrong] = useState<string>();
  const ask = async (event: Event): Promise<void> => {
    event.preventDefault();
    setWrong(undefined);
    try {
      const { data } = await api.send<{ pairingCode: string }>("POST", `/api/sessions/${s.id}/pairing-code`, {
        phoneNumber: phone,
      });
      setCode(data.pairingCode);
    } catch (error) {
      setWrong(saidOf(error));
    }
  };
  return (
    <details>
      <summary>{t().qr.byNumber}</summary>
      {code ? (
        <p class="pairing-code">{code}</p>
      ) : (
        <form class="form" onSubmit={ask}>
          <Field
            label={t().qr.phone}
            name="phone"
            type="tel"
            inputMode="tel"
            required
            value={phone}
            onInput={setPhone}
            wrong={wrong}
          />
          <Button type="submit">{t().qr.ask}</Button>
        </form>
      )}
    </details>
  );
}
