// What was written and is not yet with the server: autosave, sending in order,
// once, for as long as it takes; and the page that shows it (ux.md F-40 … F-49).
"use strict";
(() => {
  const box = globalThis.vault;
  const words = document.getElementById("draft-words")?.dataset;
  if (!box || !words) return;
  const status = document.getElementById("draft-status");
  const say = (text) => { if (status) { status.hidden = false; status.textContent = text; } };
  // Without HTTPS a browser gives no page the means to encrypt.
  if (!box.able) { say(words.unable); document.documentElement.dataset.drafts = "none"; return; }

  const clock = () => new Date().toTimeString().slice(0, 5);
  const fill = (text, value) => text.replace("{at}", value).replace("{n}", value);
  const UNSENT = ["queued", "login", "refused", "conflict", "changes"];

  // ---- Sending -----------------------------------------------------------

  /** Where an item goes; null while the record it needs is not made. */
  const target = async (item) => {
    if (!item.parent) return item.path;
    const made = await box.note("sent:" + item.parent);
    return made ? item.path.replace("{parent}", made.record) : null;
  };
  /** Items of one record go one after the other, other records do not wait. */
  const lane = (item) => {
    if (item.parent) return item.root || item.parent;
    const [, list, record] = item.path.split("/");
    return record === "new" ? item.id : `${list}/${record}`;
  };

  const outcome = (status) => {
    if (status === 401) return "login";
    if (status === 403 || status === 404) return "refused";
    if (status === 409 || status === 412) return "conflict";
    if (status === 400 || status === 413 || status === 422) return "changes";
    return "queued";
  };

  /** Milliseconds after the `n`th try: longer each time up to `most`, no two phones alike. */
  const pause = (n, most) => Math.min(2500 * 2 ** n, most) * (0.75 + Math.random() / 2);
  // A server that refuses is left alone longer than a network that is away.
  const REFUSED = 300000, AWAY = 60000;

  const send = async (item) => {
    const path = await target(item);
    const plain = path && await box.read(item);
    if (!plain) return null;
    let status = 0, answer = null;
    try {
      const body = new URLSearchParams(plain.fields);
      body.set("draft", item.id);
      const response = await fetch(path, {
        method: "POST", body, redirect: "error", signal: AbortSignal.timeout(20000),
        headers: { Accept: "application/json", "X-CSRF-Token": box.token() },
      });
      status = response.status;
      answer = await response.json().catch(() => null);
    } catch { status = 0; }
    if (status === 200 && answer && answer.location) {
      await box.keep("sent:" + item.id, { record: answer.id, location: answer.location });
      await box.drop(item.id);
      return { state: "sent", location: answer.location };
    }
    const state = status === 200 ? "queued" : outcome(status);
    const tries = (item.tries || 0) + 1;
    const problem = (answer?.errors || []).map((error) => error.message).join(" ") || answer?.detail || "";
    await box.put({ ...item, state, tries, next: Date.now() + pause(tries, status ? REFUSED : AWAY) }, { ...plain, problem });
    return { state, location: answer?.location };
  };

  /** One pass over what waits; when the next is due, `Infinity` if nothing is left. */
  const round = async (all) => {
    const items = (await box.mine()).filter((item) => UNSENT.includes(item.state));
    const may = (item) => item.state === "queued" || item.state === "login";
    if (!items.some(may)) return Infinity;
    // The key may be out of reach although the browser said that it is online.
    if (!box.unlocked() && !await box.unlock()) {
      locked = all ? 1 : locked + 1;
      return Date.now() + pause(locked, AWAY);
    }
    locked = 0;
    const stuck = new Set();
    let soonest = Infinity;
    for (const item of items) {
      const way = lane(item);
      const waits = !all && item.next > Date.now();
      if (stuck.has(way) || !may(item) || waits) {
        stuck.add(way);
        if (may(item) && waits) soonest = Math.min(soonest, item.next);
        continue;
      }
      const done = await send(all ? { ...item, tries: 0 } : item);
      if (done?.state === "sent") continue;
      stuck.add(way);
      if (done?.state === "login") break;
      if (done?.state === "queued") soonest = Math.min(soonest, (await box.find(item.id)).next);
    }
    return soonest;
  };
  let timer = 0, locked = 0, busy = false, asked = false;
  /** Sends what is due; with `all` what waits for its time too. Asked while it is at work, it goes once more. */
  const flush = async (all) => {
    asked ||= all;
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    let soonest = Infinity;
    try {
      do {
        const every = asked;
        asked = false;
        const pass = () => round(every);
        soonest = await (navigator.locks ? navigator.locks.request("mingce-outbox", pass) : pass());
      } while (asked);
    } finally { busy = false; }
    if (soonest < Infinity) timer = setTimeout(() => flush(false), Math.max(soonest - Date.now(), 1000));
    await show();
  };

  // ---- Forms -------------------------------------------------------------

  const form = document.querySelector("form[data-draft-form]");

  /** Content that must never lie on a device. */
  const restricted = () => [...form.querySelectorAll("[data-never-stored]")].some((choice) => choice.checked);
  const values = (submitter) => {
    const data = new FormData(form, submitter || undefined);
    return [...data].filter(([name]) => name !== "csrf" && name !== "draft");
  };
  const label = (fields) => {
    const of = (name) => (fields.find(([key]) => key === name) || ["", ""])[1];
    const name = of("name");
    return [name && name[0] + "*", of("address").slice(0, 24)].filter(Boolean).join(" · ");
  };
  const query = new URLSearchParams(location.search);
  /** A blank form from the device stands for the page whose address it has. */
  const action = () => /^\/households\/[1-9]\d*\/members\/new$/.test(location.pathname) ? location.pathname : new URL(form.action).pathname;
  /** Sends the form as if there were no script: the server draws what is wrong. */
  const natively = async (item, submitter) => {
    form.action = (item && await target(item)) || action();
    if (!form.elements.csrf.value) form.elements.csrf.value = box.token();
    if (submitter?.name) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: submitter.name, value: submitter.value }));
    HTMLFormElement.prototype.submit.call(form);
  };

  const draft = { id: form?.elements.draft?.value, seq: Date.now() };
  const current = (state, submitter) => {
    const fields = values(submitter);
    const parent = query.get("parent") || draft.parent;
    const path = parent ? "/households/{parent}/members/new" : action();
    return [{
      ...draft, path, parent, root: query.get("root") || draft.root || parent, state, next: 0, at: Date.now(),
      title: document.querySelector("h1").textContent.trim(), page: location.pathname,
    }, { fields, label: label(fields), base: draft.base }];
  };
  let saving = Promise.resolve();
  let sent = false;
  const save = () => saving = saving.then(async () => {
    if (sent || !box.ready()) return;
    if (restricted()) { await box.drop(draft.id); say(words.never); return; }
    await box.put(...current("draft"));
    say(fill(words.saved, clock()));
  }).catch(() => say(words.failed));

  const restore = (fields) => {
    for (const element of form.elements) {
      if (!element.name || ["csrf", "draft", "version"].includes(element.name) && element.name !== "version") continue;
      const given = fields.filter(([name]) => name === element.name).map(([, value]) => value);
      if (element.type === "checkbox" || element.type === "radio") element.checked = given.includes(element.value);
      else if (element.type !== "submit" && given.length) element.value = given[0];
    }
    for (const details of form.querySelectorAll("details")) details.open = true;
  };
  const resume = async (item) => {
    const plain = await box.read(item);
    if (!plain) { say(words.locked); return; }
    Object.assign(draft, { id: item.id, seq: item.seq, parent: item.parent, root: item.root });
    form.elements.draft.value = item.id;
    restore(plain.fields);
    say(plain.problem || fill(words.resumed, new Date(item.at).toTimeString().slice(0, 5)));
    // The record was changed meanwhile: straight to the comparison.
    if (item.state === "conflict") await natively(item);
  };
  const banner = (item) => {
    const place = document.getElementById("draft-found");
    if (!place) return;
    place.querySelector("[data-text]").textContent = fill(words.found, new Date(item.at).toTimeString().slice(0, 5));
    place.querySelector("[data-resume]").addEventListener("click", () => { place.hidden = true; resume(item); });
    place.querySelector("[data-discard]").addEventListener("click", async () => { place.hidden = true; await box.drop(item.id); });
    place.hidden = false;
  };

  const submitted = async (submitter) => {
    sent = true;
    clearTimeout(wait);
    // Read now: the button is switched off in a moment and would be left out.
    const ready = current("queued", submitter);
    await saving;
    const item = await box.put(...ready);
    say(words.sending);
    const done = box.unlocked() || await box.unlock() ? await send(item) : null;
    if (done?.state === "sent") { location.assign(done.location); return; }
    if (done?.state === "login") { location.assign("/login?next=" + encodeURIComponent("/outbox")); return; }
    if (done && done.state !== "queued") {
      // The server draws the form with what is wrong, or the comparison.
      await box.put({ ...(await box.find(item.id)), state: "draft" });
      await natively(item, submitter);
      return;
    }
    if (submitter?.value === "member") {
      // The household itself may be with the server already.
      const known = !item.parent && !item.path.startsWith("/households/new");
      const next = new URLSearchParams(known ? {} : { parent: item.parent || item.id, root: item.root || item.id });
      for (const name of ["area", "residence_status", "ethnicity"]) next.set(name, form.elements[name]?.value || "");
      location.assign((known ? item.path : "/households/0/members/new") + "?" + next);
    } else location.assign("/outbox");
  };

  let wait = 0;
  const watch = async () => {
    form.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(save, 800); });
    form.addEventListener("change", () => { clearTimeout(wait); wait = setTimeout(save, 800); });
    const now = () => { if (wait) { clearTimeout(wait); wait = 0; save(); } };
    addEventListener("pagehide", now);
    document.addEventListener("visibilitychange", () => { if (document.hidden) now(); });
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey && event.key === "s") { event.preventDefault(); save(); }
    });
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented || !box.ready() || restricted()) return;
      event.preventDefault();
      if (!sent) submitted(event.submitter);
    });
    const items = await box.mine();
    const wanted = query.get("draft");
    if (!form.elements.draft.value) draft.id = form.elements.draft.value = crypto.randomUUID();
    // A blank form from the device brings along what the one before had.
    for (const name of ["area", "residence_status", "ethnicity"]) {
      if (query.get(name) && form.elements[name]) form.elements[name].value = query.get(name);
    }
    const found = wanted ? items.find((item) => item.id === wanted)
      : items.findLast((item) => item.state === "draft" && item.page === location.pathname && item.id !== draft.id);
    if (found && wanted) await resume(found);
    else if (found) banner(found);
  };

  // ---- The page and the bar ----------------------------------------------

  const list = document.getElementById("outbox-list");
  const row = (item, plain) => {
    const line = document.createElement("li");
    line.dataset.state = item.state;
    line.dataset.draft = item.id;
    const link = document.createElement("a");
    link.href = `${item.page}?${new URLSearchParams({ draft: item.id, ...(item.parent ? { parent: item.parent, root: item.root } : {}) })}`;
    link.textContent = item.title;
    const tag = document.createElement("span");
    tag.className = "tag " + ({ queued: "blue", draft: "grey", login: "amber" }[item.state] || "red");
    tag.textContent = words["state" + item.state[0].toUpperCase() + item.state.slice(1)];
    const about = document.createElement("p");
    about.className = "hint";
    about.textContent = [plain ? plain.label : words.locked, new Date(item.at).toLocaleString(document.documentElement.lang), plain?.problem].filter(Boolean).join(" · ");
    const drop = document.createElement("button");
    drop.type = "button";
    drop.className = "link";
    drop.textContent = words.discard;
    drop.addEventListener("click", () => discard(item));
    line.append(link, tag, about, drop);
    return line;
  };
  const discard = (item) => {
    const dialog = document.getElementById("outbox-discard");
    const typed = dialog.querySelector("input");
    typed.value = "";
    dialog.onclose = async () => {
      if (dialog.returnValue !== "yes" || typed.value.trim() !== words.discardWord) return;
      await box.drop(item.id);
      show();
    };
    dialog.returnValue = "";
    dialog.showModal();
  };
  const show = async () => {
    const items = (await box.mine()).filter((item) => item.id !== draft.id || item.state !== "draft");
    const unsent = items.filter((item) => UNSENT.includes(item.state));
    for (const badge of document.querySelectorAll("[data-outbox-count]")) {
      badge.textContent = unsent.length ? String(unsent.length) : "";
      badge.hidden = !unsent.length;
    }
    const pill = document.getElementById("net");
    if (pill) {
      pill.hidden = false;
      pill.dataset.state = navigator.onLine === false ? "offline" : unsent.length ? "waiting" : "online";
      pill.textContent = navigator.onLine === false ? words.offline : unsent.length ? fill(words.waiting, unsent.length) : words.online;
    }
    if (!list) return;
    const rows = [];
    for (const item of items) rows.push(row(item, await box.read(item).catch(() => null)));
    list.replaceChildren(...rows);
    document.getElementById("outbox-empty").hidden = rows.length > 0;
    document.getElementById("outbox-send").hidden = !unsent.length;
    const leaving = document.getElementById("outbox-leaving");
    if (leaving) leaving.hidden = !(query.has("leaving") && unsent.length);
  };

  // Signing out with something unsent is said first; nothing is thrown away.
  for (const leave of document.querySelectorAll("form[action='/logout']")) {
    leave.addEventListener("submit", async (event) => {
      if (leave.dataset.sure) return;
      event.preventDefault();
      const unsent = (await box.mine()).some((item) => UNSENT.includes(item.state));
      if (unsent && location.pathname + location.search !== "/outbox?leaving=1") location.assign("/outbox?leaving=1");
      else { leave.dataset.sure = "1"; leave.requestSubmit(); }
    });
  }

  const start = async () => {
    await box.unlock();
    if (form) await watch();
    await show();
    document.getElementById("outbox-send")?.addEventListener("click", () => flush(true));
    // Another page was asked for; it is not here without a network.
    const away = list && location.pathname !== "/outbox";
    document.getElementById("outbox-away")?.toggleAttribute("hidden", !away);
    addEventListener("online", async () => {
      if (!box.unlocked()) await box.unlock();
      await flush(true);
      if (away) location.reload();
    });
    addEventListener("offline", show);
    // A phone that comes out of the pocket: its timers slept.
    document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(true); });
    await flush(list !== null);
    document.documentElement.dataset.drafts = box.ready() ? "ready" : "none";
  };
  start();

  if ("serviceWorker" in navigator) {
    const policy = globalThis.trustedTypes?.createPolicy("worker", {
      createScriptURL: (url) => { if (url !== "/sw.js") throw new TypeError(url); return url; },
    });
    navigator.serviceWorker.register(policy ? policy.createScriptURL("/sw.js") : "/sw.js")
      .then(() => navigator.serviceWorker.ready)
      .then((worker) => worker.active?.postMessage({ shells: document.documentElement.lang }))
      .catch(() => { /* no worker: writing works, opening without a network does not */ });
  }
})();
