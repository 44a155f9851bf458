// What stays in this browser: drafts and settings as texts, the outbox in IndexedDB. All of it is gone at log-out.
import type { Entry } from "../core/outbox.ts";
import type { OutboxStore, Texts } from "../ports/index.ts";

const PREFIX = "hub.";

/** localStorage; where the browser refuses it, nothing is kept. */
export const texts: Texts = {
  read(key) {
    try {
      return localStorage.getItem(PREFIX + key);
    } catch {
      return null;
    }
  },
  write(key, value) {
    try {
      if (value === null) localStorage.removeItem(PREFIX + key);
      else localStorage.setItem(PREFIX + key, value);
    } catch {
      // full or forbidden: what was typed stays on the page
    }
  },
  keys(prefix) {
    try {
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(PREFIX + prefix))
        .map((key) => key.slice(PREFIX.length));
    } catch {
      return [];
    }
  },
};

const NAME = "hub";
const STORE = "outbox";

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function done<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await opened();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** The outbox in IndexedDB: what was written survives a reload and a crash. */
export const outboxStore: OutboxStore = {
  async all() {
    return (await done("readonly", (store) => store.getAll())) as Entry[];
  },
  async put(entry) {
    await done("readwrite", (store) => store.put(entry));
  },
  async remove(key) {
    await done("readwrite", (store) => store.delete(key));
  },
  async clear() {
    await done("readwrite", (store) => store.clear());
  },
};
