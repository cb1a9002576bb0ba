// What the phone keeps: reports that are not answered yet (IndexedDB), so that neither a bad
// network nor a closed page loses one, and a few words (localStorage). Where the browser keeps
// nothing, as in private windows, both live as long as the page.

const DATABASE = "street-issues";
const STORE = "outbox";
const PATIENCE_MS = 3000; // Some web views never answer at all, slow phones late
const drafts = new Map();
const words = new Map();
let opening = null;
let cameLate = () => {};

/** Call back if the phone's store opens after it was given up. */
export function whenStoreComesLate(act) {
  cameLate = act;
}

function openStore() {
  if (!opening) {
    opening = new Promise((resolve) => {
      let isGivenUp = false;
      const timer = setTimeout(() => { isGivenUp = true; resolve(null); }, PATIENCE_MS);
      try {
        const request = window.indexedDB.open(DATABASE, 1);
        request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
        request.onsuccess = () => {
          clearTimeout(timer);
          request.result.onclose = () => { opening = null; };
          resolve(request.result);
          if (!isGivenUp) return;
          opening = Promise.resolve(request.result);
          cameLate();
        };
        request.onerror = () => resolve(null);
      } catch (error) { // There is none, or reading the name alone is forbidden.
        resolve(null);
      }
    });
  }
  return opening;
}

async function inStore(mode, act) {
  const database = await openStore();
  if (!database) return undefined;
  try {
    return await transact(database, mode, act);
  } catch (error) {
    if (error.name !== "InvalidStateError") throw error;
    opening = null; // Phones close it under a page that is in the background.
    const again = await openStore();
    return again ? transact(again, mode, act) : undefined;
  }
}

function transact(database, mode, act) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Keep a report until it is answered. Returns whether it outlives the page. */
export async function keepDraft(draft) {
  drafts.set(draft.key, draft);
  try {
    return (await inStore("readwrite", (store) => store.put(draft))) !== undefined;
  } catch (error) { // No room left, or no right to it.
    return false;
  }
}

/** The reports that are kept, oldest first. */
export async function listDrafts() {
  let stored = [];
  try {
    stored = (await inStore("readonly", (store) => store.getAll())) || [];
  } catch (error) {
    stored = [];
  }
  for (const draft of stored) if (!drafts.has(draft.key)) drafts.set(draft.key, draft);
  return [...drafts.values()].sort((one, other) => one.at - other.at);
}

/** Forget a report: it was answered, or thrown away. */
export async function forgetDraft(key) {
  drafts.delete(key);
  try {
    await inStore("readwrite", (store) => store.delete(key));
  } catch (error) {
    // It is sent again at the next visit, with the same key: that makes no second report.
  }
}

/** Whether the browser keeps what the page gives it. */
export async function keepsThings() {
  return Boolean(await openStore()) && keepText("street-issues.try", "1");
}

/** A text that is kept under a name; null: none. */
export function keptText(name) {
  try {
    const kept = window.localStorage.getItem(name);
    if (kept !== null) return kept;
  } catch (error) {
    // Below.
  }
  return words.has(name) ? words.get(name) : null;
}

/** Keep a text; null: forget it. Returns whether it outlives the page. */
export function keepText(name, text) {
  if (text === null) words.delete(name);
  else words.set(name, text);
  try {
    if (text === null) window.localStorage.removeItem(name);
    else window.localStorage.setItem(name, text);
    return true;
  } catch (error) {
    return false;
  }
}

/** A random name; crypto.randomUUID is missing on old phones and on http. */
export function randomName() {
  const bytes = window.crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** This phone's name: tells reporters apart who leave no number. Random, made here. */
export function deviceId() {
  let name = keptText("street-issues.device");
  if (!name) {
    name = randomName();
    keepText("street-issues.device", name);
  }
  return name;
}
