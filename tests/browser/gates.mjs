// node gates.mjs [all]: the accessibility gates on every page of the demo.
// Without `all`, each page once, with role, language and width in turn.
import { join } from "node:path";
import { device, launch, openConfirmed, signIn } from "./lib/browser.mjs";
import { contrasts } from "./lib/contrast.mjs";
import { errorFlow, examine } from "./lib/gates.mjs";
import { onPaper } from "./lib/looks.mjs";
import { Office } from "./lib/office.mjs";
import { findPages, prepare, printed, ROLES, routePatterns, visitors } from "./lib/pages.mjs";
import { sheets } from "./lib/print.mjs";

const all = process.argv[2] === "all";
const WIDTHS = [1366, 375];
const LANGS = ["zh", "en"];
/** How many controls of a page the keyboard walks through, and pages of a kind that are opened to find it. */
const [WALKED, SAMPLES] = all ? [400, 6] : [60, 3];

const office = await Office.demo().serve();
const browser = await launch();
const failures = [];
/** The complete run is long: it says at once what it finds. */
const fail = (text) => {
  failures.push(text);
  if (all) console.log(`✗ ${text}`);
};
const counts = { pages: 0, forms: 0, sheets: 0 };

async function check(page, path, { name, lang, width, account }) {
  await page.setViewportSize({ width, height: 800 });
  const before = page.complaints.length;
  try {
    const answer = await page.goto(path);
    // In the complete run a session may end, and the password counts for five minutes only.
    if (account && page.url().includes("/login")) {
      await signIn(page, account);
      await page.goto(path);
    }
    if (account && page.url().includes("/me/confirm")) await openConfirmed(page, path, account);
    const wrong = answer.status() >= 500 ? [`answers ${answer.status()}`] : [];
    wrong.push(...(await examine(page, lang, width, WALKED)));
    if (answer.ok()) {
      const address = page.url();
      const flow = await errorFlow(page);
      if (page.url() !== address || flow.length) counts.forms += 1;
      wrong.push(...flow);
    }
    wrong.push(...page.complaints.slice(before));
    counts.pages += 1;
    for (const what of wrong) fail(`${name}: ${what}`);
  } catch (error) {
    fail(`${name}: ${error.message.split("\n")[0]}`);
  }
}

async function print(page, path) {
  const name = `${path} on paper`;
  try {
    await page.goto(path);
    const { count, wrong } = await sheets(page, join(process.env.TMPDIR ?? "/tmp", `sheet-${counts.sheets}.pdf`));
    counts.sheets += count;
    for (const what of [...wrong, ...(await onPaper(page))]) fail(`${name}: ${what}`);
  } catch (error) {
    fail(`${name}: ${error.message.split("\n")[0]}`);
  }
}

/** Runs lists of work, two at a time, the longest first. */
async function abreast(lists) {
  const waiting = [...lists].sort((one, other) => one.length - other.length);
  const line = async () => {
    for (let list = waiting.pop(); list; list = waiting.pop()) for (const job of list) await job();
  };
  await Promise.all([line(), line()]);
}

try {
  const { count, wrong } = contrasts();
  wrong.forEach(fail);
  await prepare(browser, office);
  const visit = visitors(browser, office);
  const found = {};
  await abreast(ROLES.map((role) => [async () => {
    const page = await visit(role);
    found[role] = await findPages(page, office, SAMPLES);
    if (role === "clerk") found.printed = await printed(page, office);
    await page.context().close();
  }]));
  const jobs = new Map();
  const add = (role, path, lang, width) => jobs.set(`${role} ${lang}`, [...(jobs.get(`${role} ${lang}`) ?? []), [path, width]]);
  const done = new Set();
  for (const role of ROLES) {
    for (const [pattern, path] of found[role]) {
      const turn = done.size;
      if (all) for (const lang of LANGS) for (const width of WIDTHS) add(role, path, lang, width);
      else if (!done.has(pattern)) add(role, path, LANGS[turn % 2], WIDTHS[(turn >> 1) % 2]);
      done.add(pattern);
    }
  }
  for (const row of routePatterns()) if (!done.has(row)) fail(`${row}: no link leads to this page`);
  // Not found, not allowed, nothing found: pages too.
  for (const [path, role] of [["/nothing", "grid"], ["/audit", "clerk"], ["/residents?name=没有这个人", "clerk"]]) {
    for (const lang of LANGS) add(role, path, lang, WIDTHS[LANGS.indexOf(lang)]);
  }
  const outside = await device(browser, office, { lang: "en", width: 375 });
  const lists = [...jobs].map(([key, pages]) => {
    const [role, lang] = key.split(" ");
    let page;
    return pages.map(([path, width]) => async () => {
      page ??= await visit(role, { lang });
      await check(page, path, { name: `${path} ${role} ${lang} ${width}`, lang, width, account: office.accounts[role] });
    });
  });
  lists.push([() => check(outside, "/login", { name: "/login en 375", lang: "en", width: 375 })]);
  let paper;
  lists.push(found.printed.map((path) => async () => {
    paper ??= await visit("clerk");
    await print(paper, path);
  }));
  await abreast(lists);
  console.log(`${counts.pages} pages looked at (${done.size} kinds), ${counts.forms} forms sent empty, ${found.printed.length} reports on ${counts.sheets} sheets, ${count} contrasts, ${failures.length} findings`);
} finally {
  await browser.close();
  await office.close();
}
if (!all) for (const failure of failures.sort()) console.log(`✗ ${failure}`);
process.exit(failures.length ? 1 : 0);
