// A customer's own program: hears contract D on `/` and contract B on `/whatsapp`, and tells each event as a line of JSON.
// Ends when its standard input does.
import { io } from "socket.io-client";

const { HUB_URL, HUB_TOKEN, HUB_SESSION } = process.env;
const tell = (namespace, name, ...data) => console.log(JSON.stringify({ namespace, name, data }));

const listen = (namespace, join) => {
  const socket = io(HUB_URL + namespace, { auth: { token: HUB_TOKEN }, transports: ["websocket"], reconnection: false });
  socket.onAny((name, ...data) => tell(namespace, name, ...data));
  socket.on("connect", () => socket.emit(join, { sessionId: HUB_SESSION }, (answer) => tell(namespace, "joined", answer)));
  socket.on("connect_error", (error) => tell(namespace, "refused", error.message));
  return socket;
};

const d = listen("/", "subscribe:session");
const b = listen("/whatsapp", "join-session");
process.stdin.on("data", (line) => {
  const { to, message } = JSON.parse(line);
  b.emit("send-message", { sessionId: HUB_SESSION, to, message }, (answer) => tell("/whatsapp", "sent", answer));
});
process.stdin.on("end", () => {
  d.disconnect();
  b.disconnect();
});
