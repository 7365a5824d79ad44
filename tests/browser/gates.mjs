// node gates.mjs [all]: the accessibility gates on every page of the demo.
// Without `all`, each page once, with role, language and width in turn.
import { axe, errorFlow, language, reflow } from "./lib/gates.mjs";
import { device, launch, openConfirmed, signIn } from "./lib/browser.mjs";
import { findPages, prepare, ROLES, routePatterns } from "./lib/pages.mjs";
import { Office } from "./lib/office.mjs";

const all = process.argv[2] === "all";
const WIDTHS = [1366, 375];
const LANGS = ["zh", "en"];

const office = await Office.demo().serve();
const browser = await launch();
const failures = [];
let looked = 0;
let forms = 0;

async function check(page, path, role, lang, width) {
  await page.setViewportSize({ width, height: 800 });
  const name = `${path} ${role} ${lang} ${width}`;
  const before = page.complaints.length;
  try {
    const answer = await page.goto(path);
    const wrong = answer.status() >= 500 ? [`answers ${answer.status()}`] : [];
    wrong.push(...(await language(page, lang)), ...(await reflow(page)), ...(await axe(page)));
    if (answer.ok()) {
      const address = page.url();
      const flow = await errorFlow(page);
      if (page.url() !== address || flow.length) forms += 1;
      wrong.push(...flow);
    }
    wrong.push(...page.complaints.slice(before));
    looked += 1;
    for (const what of wrong) failures.push(`${name}: ${what}`);
  } catch (error) {
    failures.push(`${name}: ${error.message.split("\n")[0]}`);
  }
}

try {
  await prepare(browser, office);
  const done = new Map();
  const visitors = {};
  const visitor = async (role, lang) => {
    const key = `${role} ${lang}`;
    if (!visitors[key]) {
      visitors[key] = await device(browser, office, { lang });
      await signIn(visitors[key], office.accounts[role]);
      await openConfirmed(visitors[key], "/me/confirm?next=/home", office.accounts[role]);
    }
    return visitors[key];
  };
  const jobs = [];
  for (const role of ROLES) {
    const pages = await findPages(await visitor(role, "zh"), office, office.accounts[role]);
    for (const [pattern, path] of pages) {
      const turn = done.size;
      const first = !done.has(pattern);
      done.set(pattern, role);
      if (all) for (const lang of LANGS) for (const width of WIDTHS) jobs.push([role, path, lang, width]);
      else if (first) jobs.push([role, path, LANGS[turn % 2], WIDTHS[(turn >> 1) % 2]]);
    }
  }
  for (const row of routePatterns()) if (!done.has(row)) failures.push(`${row}: no link leads to this page`);
  // Not found, not allowed, nothing found: pages too.
  for (const [path, role] of [["/nothing", "grid"], ["/audit", "clerk"], ["/residents?name=没有这个人", "clerk"]]) {
    for (const lang of LANGS) jobs.push([role, path, lang, WIDTHS[LANGS.indexOf(lang)]]);
  }
  const outside = await device(browser, office, { lang: "en", width: 375 });
  await check(outside, "/login", "nobody", "en", 375);
  // One line of work per role: its devices are one after the other.
  const byRole = (roles) => (async () => {
    for (const [role, path, lang, width] of jobs.filter(([role]) => roles.includes(role))) {
      await check(await visitor(role, lang), path, role, lang, width);
    }
  })();
  await Promise.all([byRole(["grid", "supervisor", "auditor"]), byRole(["clerk", "approver", "admin"])]);
  console.log(`${looked} pages looked at (${done.size} kinds), ${forms} forms sent empty, ${failures.length} findings`);
} finally {
  await browser.close();
  await office.close();
}
for (const failure of failures.sort()) console.log(`✗ ${failure}`);
process.exit(failures.length ? 1 : 0);
