// node trials.mjs [CUTS] [KILLS]: a family of four is registered on a phone, the
// network cut at a random moment, the browser killed at a random moment. By the
// number of each form: nothing is lost, nothing doubled (ux.md UX-1, UX-2).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device, launch, openDevice, signIn } from "./lib/browser.mjs";
import { armed, drained, enterFamily, enterHome, enterMember, family, Finger, fillPerson, idNumber, ready } from "./lib/family.mjs";
import { Network } from "./lib/network.mjs";
import { Office, ROOT } from "./lib/office.mjs";

const [cuts, kills] = [Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 1)];
const office = await Office.demo().serve();
const network = await Network.to(office.origin);
const phone = { origin: network.origin };
const database = readdirSync(office.data).filter((name) => /\.(db|sqlite3?)$/.test(name)).map((name) => join(office.data, name))[0];

/** What the registry holds of a family and of the forms that were sent. */
function stored(address, names, drafts) {
  const input = JSON.stringify({ address, names, drafts });
  const script = join(ROOT, "tests/browser/lib/stored.py");
  return JSON.parse(execFileSync("/usr/bin/python3", [script, database], { input, encoding: "utf8" }));
}

const found = (family, finger) =>
  stored(family.address, family.people.map((person) => person.name), [...finger.sent.values()]);

/** Looks at what is left, as one does after an interruption, and finishes it. */
async function finish(page, finger, family) {
  finger.page = page;
  const left = await drained(page);
  // Whatever was sent away with a tap is there without another one.
  let now = found(family, finger);
  const lost = [...finger.sent].filter(([, draft]) => now.drafts[draft].length === 0);
  assert.deepEqual(lost, [], "a form that was sent away is gone");
  const missing = () => family.people.filter((person) => now.people[person.name].length === 0);
  for (let drafts = left.filter((state) => state === "draft").length; drafts > 0; drafts -= 1) {
    await page.goto("/outbox");
    await ready(page);
    const row = page.locator("#outbox-list li[data-state=draft] a").first();
    await row.click();
    await page.waitForLoadState("load");
    await ready(page);
    const name = await page.locator("#name").inputValue();
    const isHome = !(await page.locator("#member-form").count());
    const person = family.people.find((one) => one.name === name) ?? (isHome ? family.people[0] : missing()[0]);
    if (!person || now.people[person.name].length) { await discard(page); continue; }
    if (isHome) await finger.type("#address", family.address);
    await fillPerson(finger, person);
    await finger.tap("#save");
    await page.waitForURL((url) => /\/(households\/\d+|outbox)$/.test(url.pathname), { timeout: 40_000 });
    await drained(page);
    now = found(family, finger);
  }
  for (const person of missing()) {
    if (person === family.people[0]) {
      await page.goto("/households/new");
      await ready(page);
      await enterHome(finger, family);
    } else {
      await page.goto(`/households/${now.homes[0]}/members/new`);
      await ready(page);
      await enterMember(finger, person, true);
    }
    await drained(page);
    now = found(family, finger);
  }
  // Everybody once, in one household, each form carried out once.
  assert.equal(now.homes.length, 1, `households at ${family.address}: ${now.homes.length}`);
  for (const person of family.people) {
    assert.deepEqual(now.people[person.name], now.homes, `${person.name} is there ${now.people[person.name].length} times`);
  }
  for (const [draft, made] of Object.entries(now.drafts)) assert.equal(made.length, 1, `${draft} made ${made.length}`);
}

/** A draft of somebody who is registered already is thrown away by its owner. */
async function discard(page) {
  await page.goto("/outbox");
  await ready(page);
  await page.locator("#outbox-list li[data-state=draft] button").first().click();
  await page.locator("#discard-word").fill("放弃");
  await page.locator("#outbox-discard button.danger").click();
  await page.waitForTimeout(200);
}

const results = { cut: 0, killed: 0, interrupted: 0 };
const failures = [];
const attempt = async (name, finger, act) => {
  try { await act(); } catch (error) {
    const said = finger?.page?.complaints?.slice(-2).join(" | ") ?? "";
    failures.push(`${name}: ${error.message.split("\n")[0]} (${finger?.page?.url()}) ${said}`);
  }
};

/** The moment of an interruption: anywhere in an undisturbed journey. */
const moment = (length) => Math.floor(Math.random() * length);

async function measure(browser) {
  const page = await device(browser, phone, { width: 375 });
  await signIn(page, office.accounts.grid);
  await armed(page);
  const finger = new Finger(page);
  finger.pause = 80;
  const start = Date.now();
  await enterFamily(finger, family(0));
  const length = Date.now() - start;
  await finish(page, finger, family(0));
  console.log(`undisturbed: ${finger.taps} taps, ${(length / 1000).toFixed(1)} s without the time to type`);
  assert.ok(finger.taps <= 60, `${finger.taps} taps`);
  await page.context().close();
  return length;
}

async function cutOnce(browser, n, length) {
  const page = await device(browser, phone, { width: 375 });
  await signIn(page, office.accounts.grid);
  await armed(page);
  const finger = new Finger(page);
  finger.pause = 80;
  const context = page.context();
  const [at, gone] = [moment(length), 200 + moment(3000)];
  let over;
  const interruption = new Promise((resolve) => { over = resolve; });
  setTimeout(async () => {
    await network.cut(context);
    setTimeout(async () => { await network.mend(context); over(); }, gone);
  }, at);
  // An error page is no end: one waits and looks again.
  await enterFamily(finger, family(n)).catch(() => { results.interrupted += 1; });
  await interruption;
  await attempt(`cut ${n} at ${at} ms for ${gone} ms`, finger, () => finish(page, finger, family(n)));
  results.cut += 1;
  await context.close();
}

/** The main process of the browser that has its profile in a folder. */
function processOf(profile) {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    let line = "";
    try { line = readFileSync(`/proc/${pid}/cmdline`, "utf8"); } catch { continue; }
    if (line.includes(`--user-data-dir=${profile}`) && !line.includes("--type=")) return Number(pid);
  }
  throw new Error("no browser");
}

async function killOnce(n, length) {
  const profile = mkdtempSync(join(tmpdir(), "phone-"));
  const finger = new Finger(null);
  finger.pause = 80;
  const at = moment(length);
  let { context, page } = await openDevice(profile, phone, { width: 375 });
  await signIn(page, office.accounts.grid);
  await armed(page);
  finger.page = page;
  const gone = new Promise((resolve) => context.on("close", resolve));
  setTimeout(() => process.kill(processOf(profile), "SIGKILL"), at);
  await enterFamily(finger, family(n)).catch(() => { results.interrupted += 1; });
  await gone;
  ({ context, page } = await openDevice(profile, phone, { width: 375 }));
  finger.page = page;
  await attempt(`killed ${n} at ${at} ms`, finger, async () => {
    await signIn(page, office.accounts.grid);
    await finish(page, finger, family(n));
  });
  results.killed += 1;
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}

/** UX-1: residents one after the other at 400 kbit/s, cut off in the middle of every third form, the browser killed now and then. */
async function slowRound(residents, kills) {
  const profile = mkdtempSync(join(tmpdir(), "phone-"));
  const people = Array.from({ length: residents }, (_, at) => ({ name: `慢网${"甲乙丙丁戊己庚辛壬癸"[at % 10]}${at < 10 ? "一" : "二"}`, number: idNumber("19700101", 500 + at) }));
  const finger = new Finger(null);
  const open = async () => {
    const { context, page } = await openDevice(profile, phone, { width: 375 });
    const wire = await context.newCDPSession(page);
    await wire.send("Network.enable");
    await wire.send("Network.emulateNetworkConditions", { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 });
    await signIn(page, office.accounts.grid);
    await armed(page);
    finger.page = page;
    return { context, page };
  };
  let { context, page } = await open();
  const killAt = new Set(Array.from({ length: kills }, (_, k) => Math.floor(((k + 1) * residents) / (kills + 1))));
  for (const [at, person] of people.entries()) {
    await page.goto("/residents/new");
    await ready(page);
    await finger.type("#name", person.name);
    if (at % 3 === 1) await network.cut();
    await finger.type("#doc_no", person.number);
    if (!(await page.locator("#area").inputValue())) await finger.choose("#area", { index: 1 });
    if (killAt.has(at)) {
      // What was typed has been kept by now.
      await page.getByText(/已存草稿/).waitFor();
      const gone = new Promise((resolve) => context.on("close", resolve));
      process.kill(processOf(profile), "SIGKILL");
      await gone;
      await network.mend();
      ({ context, page } = await open());
      await page.goto("/residents/new");
      await ready(page);
      await page.locator("#draft-found [data-resume]").click();
      assert.equal(await page.locator("#name").inputValue(), person.name);
      assert.equal(await page.locator("#doc_no").inputValue(), person.number);
    }
    const draft = await page.locator("form[data-draft-form] input[name=draft]").inputValue();
    await finger.tap("main form .primary");
    await page.waitForURL((url) => !url.pathname.endsWith("/new"), { timeout: 40_000 });
    finger.sent.set(person.name, draft);
    if (at % 3 === 1) await network.mend();
  }
  assert.deepEqual(await drained(page), []);
  const now = stored("-", people.map((person) => person.name), [...finger.sent.values()]);
  for (const person of people) assert.equal(now.people[person.name].length, 1, person.name);
  for (const [draft, made] of Object.entries(now.drafts)) assert.equal(made.length, 1, draft);
  console.log(`slow network: ${residents} residents, ${Math.floor((residents + 1) / 3)} cuts, ${kills} kills, each there once`);
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}

const browser = await launch();
try {
  const length = await measure(browser);
  for (let n = 1; n <= cuts; n += 1) await cutOnce(browser, n, length);
  for (let n = 1; n <= kills; n += 1) await killOnce(cuts + n, length);
  if (cuts) await attempt("slow network", null, () => slowRound(cuts >= 50 ? 20 : 4, cuts >= 50 ? 3 : 1));
  office.verify();
} finally {
  await browser.close();
  network.close();
  await office.close();
}
console.log(`${results.cut} cuts, ${results.killed} kills: ${failures.length} families with something lost or doubled (${results.interrupted} journeys had to be taken up again)`);
for (const failure of failures) console.log(`✗ ${failure}`);
process.exit(failures.length ? 1 : 0);
