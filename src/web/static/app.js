// Small comforts; every page works without this file.
"use strict";

// Errors first: the summary takes the focus, its links go to the fields.
const summary = document.getElementById("error-summary");
if (summary) summary.focus();

// Show and hide a password.
for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  const show = button.textContent;
  button.hidden = false;
  button.addEventListener("click", () => {
    const hidden = input.type === "password";
    input.type = hidden ? "text" : "password";
    button.textContent = hidden ? button.dataset.hide : show;
  });
  input.form.addEventListener("submit", () => { input.type = "password"; });
}

// What never waits on the device says so without a network.
for (const form of document.querySelectorAll("form[data-online]")) {
  form.addEventListener("submit", (event) => {
    if (navigator.onLine !== false) return;
    event.preventDefault();
    form.querySelector("[data-offline]").hidden = false;
  });
}

// A second tap within three seconds does nothing.
for (const form of document.forms) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("[data-once]")) {
      setTimeout(() => { button.disabled = true; }, 0);
      setTimeout(() => { button.disabled = false; }, 3000);
    }
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// A table that fits its box has its head stay in sight and is no stop of the Tab key.
const fit = () => {
  for (const box of document.querySelectorAll(".table-scroll")) {
    box.classList.remove("fits");
    const fits = box.scrollWidth <= box.clientWidth;
    box.classList.toggle("fits", fits);
    if (fits) box.removeAttribute("tabindex"); else box.tabIndex = 0;
  }
};
fit();
addEventListener("resize", fit);

// What has the focus in a table that scrolls sideways is seen whole.
document.addEventListener("focusin", (event) => {
  const box = event.target.closest(".table-scroll");
  if (box && box !== event.target) event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
});

// A list that is complete on its page is sorted by its heads.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  if (document.querySelector(".pager a") || body.rows.length < 2) continue;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, at) => {
    if (!head.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    const number = head.classList.contains("number");
    const key = (row) => {
      const text = row.cells[at].textContent.trim();
      return number ? Number(text.replace("\u2212", "-").replace(/[^\d.-]/g, "")) || 0 : text;
    };
    button.addEventListener("click", () => {
      const turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
      const order = (a, b) => (number ? key(a) - key(b) : key(a).localeCompare(key(b), document.documentElement.lang, { numeric: true }));
      body.append(...[...body.rows].sort((a, b) => turn * order(a, b)));
    });
  });
}

// A menu below a button closes by Escape and when something else is pressed.
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); }
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.menu[open]")) if (!open.contains(event.target)) open.open = false;
});

for (const button of document.querySelectorAll("[data-back]")) {
  button.hidden = history.length < 2;
  button.addEventListener("click", () => history.back());
}

// Progress of a job: asks rarely, says little.
const job = document.querySelector("[data-job]");
if (job) {
  const waits = [2000, 5000, 10000];
  let round = 0;
  const ask = async () => {
    try {
      const answer = await fetch(job.dataset.job, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const now = await answer.json();
      if (now.state !== "queued" && now.state !== "running") { location.reload(); return; }
      const phase = job.querySelector("[data-job-phase]");
      if (phase) phase.textContent = now.phase;
      const bar = job.querySelector("progress");
      if (bar && now.total) { bar.max = now.total; bar.value = now.done; }
      const count = job.querySelector("[data-job-count]");
      if (count && now.total) count.textContent = now.done.toLocaleString("en") + " / " + now.total.toLocaleString("en");
      if (now.total && !bar) { location.reload(); return; }
    } catch { /* no network: ask again later */ }
    round = Math.min(round + 1, waits.length - 1);
    setTimeout(ask, waits[round]);
  };
  setTimeout(ask, waits[0]);
}

// Two minutes before the session ends, say so and offer to stay.
const idle = Number(document.body.dataset.idle || 0);
if (idle > 0) {
  const warn = () => {
    const dialog = document.createElement("dialog");
    const text = document.createElement("p");
    text.textContent = document.body.dataset.idleText;
    const stay = document.createElement("button");
    stay.className = "primary";
    stay.textContent = document.body.dataset.idleStay;
    stay.addEventListener("click", async () => {
      await fetch("/me", { method: "GET" });
      dialog.close();
      dialog.remove();
      setTimeout(warn, Math.max(idle - 120, 60) * 1000);
    });
    dialog.append(text, stay);
    document.body.append(dialog);
    dialog.showModal();
  };
  setTimeout(warn, Math.max(idle - 120, 60) * 1000);
}

// Keys: / to the search box, ? help is the menu, Ctrl+Enter sends the form.
let pending = "";
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const field = event.target.closest("input, textarea, select");
  if (event.ctrlKey && event.key === "Enter" && field && field.form) {
    event.preventDefault();
    field.form.requestSubmit();
    return;
  }
  if (field || event.ctrlKey || event.altKey || event.metaKey) return;
  if (document.body.dataset.shortcuts !== "1") return;
  if (pending === "g") {
    pending = "";
    const goals = { h: "/home", r: "/residents", d: "/households", b: "/runs" };
    const link = goals[event.key] && document.querySelector(`.side a[href="${goals[event.key]}"]`);
    if (link) link.click();
    return;
  }
  if (event.key === "g") { pending = "g"; setTimeout(() => { pending = ""; }, 1500); return; }
  if (event.key === "/") {
    const search = document.querySelector("input[type=search], .query input");
    if (search) { event.preventDefault(); search.focus(); }
  }
  if (event.key === "n") {
    const add = document.querySelector("[data-new]");
    if (add) add.click();
  }
});
