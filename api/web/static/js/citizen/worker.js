// The service worker: the citizens' pages open without a network. It touches nothing else:
// neither the API under /v1 nor the console. `self.pages` ({release, shell}) stands above.

const NAME = `citizen-${self.pages.release}`;
const PATIENCE_MS = 4000; // A network that is there and does not answer
const PAGES = [[/^\/$/, "/"], [/^\/r\/[^/]+$/, "/r/any"], [/^\/offline$/, "/offline"]];

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(NAME);
    await cache.addAll(["/offline", ...self.pages.shell]);
    for (const [, name] of PAGES) await keepPage(cache, name, await fetch(name));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("citizen-") && name !== NAME) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    const page = PAGES.find(([form]) => form.test(address.pathname));
    if (page) event.respondWith(showPage(event, page[1]));
  } else if (address.pathname.startsWith(`/static/${self.pages.release}/`)) {
    event.respondWith(readFile(request));
  }
});

// The same page for every report: what it shows is asked for by its script. A newer release's page
// is not kept: its files are not here, its own worker keeps both.
async function keepPage(cache, name, answer) {
  if (!answer.ok || answer.redirected) return;
  const isOurs = (await answer.clone().text()).includes(`/static/${self.pages.release}/`);
  if (isOurs) await cache.put(name, answer);
}

async function showPage(event, name) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(name);
  const asked = fetch(event.request);
  // Asked for now: once an answer was given, a slow one could no longer be waited for.
  event.waitUntil(asked.then((answer) => keepPage(cache, name, answer.clone()), () => {}));
  const patience = new Promise((resolve) => { setTimeout(() => (kept ? resolve(kept) : undefined), PATIENCE_MS); });
  try {
    return await Promise.race([asked, patience]);
  } catch (error) {
    return kept || (await cache.match("/offline")) || Response.error();
  }
}

async function readFile(request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
