// The live connection of the running console; the page to sign in does without it.
import { SocketLive } from "../adapters/socket.ts";
import { api } from "./api.ts";

export const live = new SocketLive(() => api.company);
