// The API over fetch: the browser's cookie says who asks, a header says that a page of the hub's own does.
import { type Answer, type Api, Problem, type Sending } from "../ports/index.ts";

const CSRF = { "X-Hub-Csrf": "1" };

export class HttpApi implements Api {
  /** The company for which a MASTER acts. */
  company: string | null = null;
  onUnauthenticated: () => void = () => {};

  /** An address of the API as a picture, a link or a stream asks for it: these send no header. */
  address(path: string): string {
    return this.company ? `${path}${path.includes("?") ? "&" : "?"}companyId=${this.company}` : path;
  }

  async get<T>(
    path: string,
    query: Record<string, string | number | boolean | null | undefined> = {},
  ): Promise<Answer<T>> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
    const address = search.size ? `${path}?${search}` : path;
    try {
      return await this.#ask<T>(address, { headers: this.#headers() });
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 429) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * Math.min(error.retryAfterS ?? 1, 30)));
      return this.#ask<T>(address, { headers: this.#headers() });
    }
  }

  async send<T>(method: string, path: string, body?: unknown, how: Sending = {}): Promise<Answer<T>> {
    const headers: Record<string, string> = { ...this.#headers(), ...CSRF };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (how.key) headers["Idempotency-Key"] = how.key;
    const sent = body === undefined ? undefined : JSON.stringify(body);
    return this.#ask<T>(path, { method, headers, body: sent, signal: how.signal });
  }

  upload<T>(path: string, form: FormData, key: string, progress: (share: number) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", path);
      for (const [name, value] of Object.entries({ ...this.#headers(), ...CSRF, "Idempotency-Key": key }))
        request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
      request.onerror = () => reject(new Problem(0, "offline", ""));
      request.onload = () => {
        const text = request.responseText;
        if (request.status < 300) resolve(JSON.parse(text));
        else
          reject(
            problemOf(
              request.status,
              text,
              request.getResponseHeader("X-Request-Id"),
              request.getResponseHeader("Retry-After"),
            ),
          );
      };
      request.send(form);
    });
  }

  #headers(): Record<string, string> {
    return this.company ? { "X-Company-Id": this.company } : {};
  }

  async #ask<T>(path: string, init: RequestInit): Promise<Answer<T>> {
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(path, { ...init, credentials: "same-origin", redirect: "error" });
      text = answer.status === 204 ? "" : await answer.text();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Problem(0, "offline", "");
    }
    if (!answer.ok) {
      const problem = problemOf(
        answer.status,
        text,
        answer.headers.get("X-Request-Id"),
        answer.headers.get("Retry-After"),
      );
      if (problem.kind === "unauthenticated") this.onUnauthenticated();
      throw problem;
    }
    const position = answer.headers.get("X-Position");
    return {
      data: (text ? JSON.parse(text) : null) as T,
      position: position === null ? null : Number(position),
      next: answer.headers.get("X-Next-Cursor"),
    };
  }
}

function problemOf(status: number, text: string, requestId: string | null, retryAfter: string | null): Problem {
  let document: {
    type?: string;
    detail?: string;
    title?: string;
    errors?: { pointer: string; detail: string }[];
    department?: string | null;
    user?: string | null;
  } = {};
  try {
    document = JSON.parse(text);
  } catch {
    // not the hub's own answer: a proxy's
  }
  const fields = Object.fromEntries((document.errors ?? []).map((e) => [e.pointer.replace(/^\//, ""), e.detail]));
  const kind = document.type?.split(":").pop() ?? (status === 503 ? "unavailable" : "other");
  const retryAfterS = retryAfter ? Number(retryAfter) : null;
  return new Problem(status, kind, document.detail ?? document.title ?? `${status}`, {
    fields,
    requestId,
    retryAfterS,
    holder: { department: document.department ?? null, user: document.user ?? null },
  });
}
