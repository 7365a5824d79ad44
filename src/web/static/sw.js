// Keeps the static files and the blank forms, nothing else: no page with
// anybody's data, no answer of the API (ux.md F-49).
"use strict";
const FILES = "files-" + VERSION;
const SHELLS = "shells-" + VERSION;
const BLANK = [
  [/^\/households\/new$/, "/shell/households/new"],
  [/^\/households\/0\/members\/new$/, "/shell/households/member"],
  [/^\/households\/\d+\/members\/new$/, "/shell/households/member"],
  [/^\/residents\/new$/, "/shell/residents/new"],
  [/^\/outbox$/, "/shell/outbox"],
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(FILES).then((cache) => cache.addAll(ASSETS)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      // Old blank forms go only when the new ones are here.
      if (name.startsWith("files-") && name !== FILES) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

/** Fetches the blank forms anew, in the page's language; each that fails keeps its older copy. */
const refresh = async (lang) => {
  const cache = await caches.open(SHELLS);
  let whole = true;
  for (const [, shell] of BLANK) {
    try {
      const answer = await fetch(shell, { redirect: "error", headers: { "Accept-Language": lang } });
      if (answer.ok) await cache.put(shell, answer); else whole = false;
    } catch { whole = false; }
  }
  if (!whole) return;
  for (const name of await caches.keys()) if (name.startsWith("shells-") && name !== SHELLS) await caches.delete(name);
};
self.addEventListener("message", (event) => { if (event.data?.shells) event.waitUntil(refresh(event.data.shells)); });

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) {
    event.respondWith(caches.match(event.request).then((kept) => kept || fetch(event.request)));
    return;
  }
  if (event.request.mode !== "navigate") return;
  // What has no blank form leads to what is unsent, which says that the network is away.
  const shell = BLANK.find(([path]) => path.test(url.pathname))?.[1] ?? "/shell/outbox";
  // A member of a draft has no page of its own on the server.
  if (url.pathname.startsWith("/households/0/")) {
    event.respondWith(caches.match(shell).then((kept) => kept || fetch(shell)));
    return;
  }
  event.respondWith(fetch(event.request).catch(async (error) => {
    const kept = await caches.match(shell);
    if (kept) return kept;
    throw error;
  }));
});
