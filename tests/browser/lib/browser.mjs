// Debian's Chromium, and a person in front of it.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

const settings = (office, { lang = "zh", width = 1366, js = true, storageState }) => ({
  storageState,
  baseURL: office.origin,
  locale: lang === "zh" ? "zh-CN" : "en-GB",
  viewport: { width, height: width < 600 ? 740 : 900 },
  javaScriptEnabled: js,
});

/** A device that keeps what it stores in a folder, also when its browser dies. */
export async function openDevice(profile, office, options = {}) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS, ...settings(office, options),
  });
  context.setDefaultTimeout(15_000);
  return { context, page: watched(context.pages()[0] ?? (await context.newPage())) };
}

function watched(page) {
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(`${page.url()}: ${error}`));
  page.on("console", (message) => {
    // A page that answers 4xx is the test's business, not the browser's.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) {
      page.complaints.push(`${page.url()}: ${message.text()}`);
    }
  });
  return page;
}

/**
 * A page of its own device: no cookies of others. What the browser complains
 * about (a script's error, a refusal by the content security policy) is kept
 * in `page.complaints`.
 */
export async function device(browser, office, options = {}) {
  const context = await browser.newContext(settings(office, options));
  context.setDefaultTimeout(15_000);
  return watched(await context.newPage());
}

const FULL = { ",": "，", ":": "：", ";": "；", "?": "？", "!": "！", "(": "（", ")": "）" };

/** Text as it is written here, with full-width punctuation where a page has it. */
const written = (text) => text.replace(/[，：；？！（）]/g, (mark) => Object.keys(FULL).find((half) => FULL[half] === mark));
const named = (name) =>
  typeof name === "string"
    ? new RegExp(name.replace(/[.*+^${}|[\]\\]/g, "\\$&").replace(/[,:;?!()]/g, (half) => `[${half}${FULL[half]}]`))
    : name;

/** Presses a button, or follows a link, by its text; waits for the next page. */
export async function press(within, name) {
  const page = within.page ? within.page() : within;
  const by = { name: named(name) };
  const target = within.getByRole("button", by).or(within.getByRole("link", by)).first();
  await Promise.all([page.waitForNavigation({ waitUntil: "load" }), target.click()]);
}

/** Fills fields by their labels. */
export async function fill(within, fields) {
  for (const [label, value] of Object.entries(fields)) {
    const field = within.getByLabel(named(label)).first();
    const kind = await field.evaluate((element) => element.tagName);
    if (kind === "SELECT") await field.selectOption(value);
    else await field.fill(value);
  }
}

/** The text of the page's main part. */
export const text = (page) => page.locator("main").innerText();

/** The page says so. */
export async function sees(page, ...parts) {
  const shown = await text(page);
  for (const part of parts) {
    const found = part instanceof RegExp ? part.test(shown) : written(shown).includes(written(part));
    assert.ok(found, `${page.url()} does not say ${part}:\n${shown.slice(0, 3000)}`);
  }
}

export async function signIn(page, { username, password }) {
  await page.goto("/login");
  await page.locator("#username").fill(username);
  await page.locator("#password").fill(password);
  await Promise.all([page.waitForNavigation(), page.locator("main form button.primary").click()]);
}

/** Opens a page that asks for the password once more. */
export async function openConfirmed(page, path, { password }) {
  await page.goto(path);
  if (!page.url().includes("/me/confirm")) return;
  await page.locator("#password").fill(password);
  await Promise.all([page.waitForNavigation(), page.locator("main form button.primary").click()]);
}

/** Waits on a job's page, as its reader would, until it leads to its result. */
export async function awaitJob(page) {
  await page.waitForURL(/\/jobs\/\d+/);
  const end = Date.now() + 60_000;
  for (;;) {
    const link = page.getByRole("link", { name: "查看结果" });
    if (await link.count()) {
      await Promise.all([page.waitForNavigation(), link.first().click()]);
      return;
    }
    if (!/\/jobs\/\d+/.test(page.url())) return;
    assert.ok(Date.now() < end, `the job does not end:\n${await text(page)}`);
    await page.waitForTimeout(150);
    await page.reload();
  }
}

/** An authenticator (RFC 6238): every code once, waiting for the next if it must. */
export class Authenticator {
  constructor(secret) {
    const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
    this.key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
    this.last = 0;
  }

  async code() {
    const now = () => Math.floor(Date.now() / 30_000);
    // The service takes one step to either side of now, each once.
    const step = Math.max(now() - 1, this.last + 1);
    while (step > now() + 1) await new Promise((resolve) => setTimeout(resolve, 500));
    this.last = step;
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const digest = createHmac("sha1", this.key).update(counter).digest();
    const at = digest[19] & 15;
    return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
  }
}
