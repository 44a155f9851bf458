// A browser's EventSource: says in lines of JSON what it gets. Usage: node --experimental-eventsource event_source.mjs URL EVENT…
const [url, ...names] = process.argv.slice(2)
const say = (what) => console.log(JSON.stringify(what))
const source = new EventSource(url)
source.addEventListener('open', () => say({ open: true }))
source.addEventListener('error', (event) => say({ error: true, data: event.data ?? null, closed: source.readyState === 2 }))
for (const name of names) {
  source.addEventListener(name, (event) => say({ name, id: event.lastEventId, data: JSON.parse(event.data) }))
}
setInterval(() => {}, 1000) // the process lives while it waits to come back
