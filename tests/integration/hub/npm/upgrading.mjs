// A browser's way: long polling first, then a WebSocket; after a line on standard input the connection breaks, and the
// client comes back by itself. Tells what happens as lines of JSON, and ends when its standard input does.
import { io } from "socket.io-client";

const { HUB_URL, HUB_TOKEN } = process.env;
const tell = (name, data = {}) => console.log(JSON.stringify({ namespace: "/", name, data: [data] }));

const socket = io(HUB_URL, { auth: { token: HUB_TOKEN }, reconnectionDelay: 50, reconnectionDelayMax: 100 });
let time = 0;
const way = () => socket.io.engine.transport.name;
const ask = () => socket.emit("heartbeat", (answer) => tell("answered", { time, way: way(), ...answer }));
socket.io.on("open", () => {
  tell("opened", { time: ++time, way: way() });
  socket.io.engine.once("upgrade", () => (tell("upgraded", { time, way: way() }), ask()));
});
socket.on("connect_error", (error) => tell("refused", { message: error.message }));
socket.on("disconnect", (reason) => tell("broken", { reason }));
process.stdin.on("data", () => socket.io.engine.transport.ws.close());
process.stdin.on("end", () => socket.disconnect());
