// The live connection: Socket.IO, resumed by position. Presence is kept up on each ping of the transport, which a tab in
// the background receives too.
import { io, type Socket } from "socket.io-client";
import { EVENT_NAMES, type HubEvent } from "../core/events.ts";
import type { Live, LiveListener } from "../ports/index.ts";

const ANSWER_MS = 8_000;
const AGAIN_MS = 2_000;

export class SocketLive implements Live {
  #socket: Socket | null = null;
  #isStopped = false;
  readonly #company: () => string | null;

  constructor(company: () => string | null) {
    this.#company = company;
  }

  start(listener: LiveListener, after: () => Promise<number>): void {
    this.stop();
    this.#isStopped = false;
    const socket = io({
      transports: ["websocket", "polling"],
      forceNew: true,
      reconnectionDelay: 300,
      reconnectionDelayMax: 4_000,
      timeout: 10_000,
      auth: (give) => {
        const companyId = this.#company();
        after().then(
          (position) => give({ after: position, ...(companyId ? { companyId } : {}) }),
          () => {}, // without the first page there is nothing to go on from
        );
      },
    });
    this.#socket = socket;
    socket.on("connected", (said: { position: number }) => listener.connected(said.position));
    socket.on("reset", (said: { position: number }) => listener.reset(said.position));
    socket.on("error", (said: { code: string }) => listener.dismissed(said.code));
    socket.on("disconnect", (reason) => {
      listener.disconnected();
      if (reason === "io server disconnect") this.#again(socket);
    });
    socket.on("connect_error", () => {
      listener.disconnected();
      if (!socket.active) {
        listener.dismissed("refused");
        this.#again(socket);
      }
    });
    for (const name of EVENT_NAMES) socket.on(name, (data: object) => listener.event({ ...data, name } as HubEvent));
    socket.io.on("ping", () => socket.connected && socket.emit("heartbeat", {}));
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket?.removeAllListeners();
    this.#socket?.disconnect();
    this.#socket = null;
  }

  async emit(event: string, data: unknown): Promise<Record<string, unknown>> {
    if (!this.#socket?.connected) return { ok: false, code: "offline" };
    try {
      return (await this.#socket.timeout(ANSWER_MS).emitWithAck(event, data)) as Record<string, unknown>;
    } catch {
      return { ok: false, code: "offline" };
    }
  }

  /** The library does not come back by itself to a hub that ended the connection. */
  #again(socket: Socket): void {
    setTimeout(() => {
      if (!this.#isStopped && this.#socket === socket && !socket.connected) socket.connect();
    }, AGAIN_MS);
  }
}
