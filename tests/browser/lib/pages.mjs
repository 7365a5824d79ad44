// Every page that a role can reach, found by following links as a person would.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { awaitJob, device, fill, openConfirmed, press, signIn } from "./browser.mjs";
import { ROOT } from "./office.mjs";

export const ROLES = ["grid", "supervisor", "clerk", "approver", "auditor", "admin"];

/** `/residents/123/edit` → `/residents/{}/edit` */
export const patternOf = (path) =>
  path.replace(/\/\d{4}-\d\d(?=\/|$)/g, "/{}").replace(/\/\d+(?=\/|$)/g, "/{}");

/** Kinds of pages of which many are opened: a run in each stage, somebody with everything. */
const RICH = { "/runs/{}": 16, "/residents/{}": 10, "/awards/{}": 10 };
/** How many requests the search for pages keeps under way. */
const ABREAST = 4;

/**
 * The pages of whoever `page` is signed in as: a map from pattern to the
 * address of the fullest page of that kind, of `samples` that are opened.
 */
export async function findPages(page, office, samples) {
  const found = new Map();
  const tried = new Map();
  const seen = new Set();
  // The pages of a past month: by default they show this one.
  const queue = ["/home", "/me", "/api", "/reports/population?from=2023-01&to=2023-11", "/runs?month=2023-11", "/months/2023-12/close"];
  const look = async (address) => {
    const pattern = patternOf(address.split("?")[0]);
    const answer = await page.request.get(office.origin + address);
    const type = answer.headers()["content-type"] ?? "";
    const end = new URL(answer.url());
    if (!answer.ok() || !type.startsWith("text/html") || patternOf(end.pathname) !== pattern) return;
    const html = await answer.text();
    if (html.length > (found.get(pattern)?.length ?? 0)) found.set(pattern, { length: html.length, path: address });
    for (const [, href] of html.matchAll(/href="(\/[^"]*)"/g)) {
      const next = href.replaceAll(/&(amp|#38);/g, "&").split("#")[0];
      if (!/^\/(static|favicon|lang)|\.(xlsx|csv|json)(\?|$)/.test(next)) queue.push(next);
    }
  };
  for (let at = 0; at < queue.length; ) {
    const wave = [];
    for (; at < queue.length && wave.length < ABREAST; at += 1) {
      const pattern = patternOf(queue[at].split("?")[0]);
      const enough = RICH[pattern] ?? samples;
      if (seen.has(queue[at]) || (tried.get(pattern) ?? 0) >= enough) continue;
      seen.add(queue[at]);
      tried.set(pattern, (tried.get(pattern) ?? 0) + 1);
      wave.push(look(queue[at]));
    }
    await Promise.all(wave);
  }
  return new Map([...found].map(([pattern, { path }]) => [pattern, path]));
}

/** Pages that no link of a signed-in person's leads to, and those of other kinds. */
const ELSEWHERE = new Set([
  // A task is opened by a report that turns out wrong; the demo has none.
  "/review/tasks/{}",
  // An address that was corrected; tests/it/web_history.rs opens it. Files that wait for whoever made them.
  "/households/{}/history/{}/restore", "/exports/{}/file", "/exports/{}/plain",
  // Fetched by the scripts for work without a network.
  "/drafts/keys", "/sw.js", "/shell/households/member", "/shell/households/new", "/shell/outbox", "/shell/residents/new",
  "/policies/{}/file",
  // A picture; journeys/photo.test.mjs looks at one.
  "/visits/{}/photos/{}",
  "/", "/health", "/ready", "/metrics", "/robots.txt", "/favicon.ico", "/static/{}/{}", "/jobs/{}/progress",
  "/login", "/login/totp", "/password/first", "/imports/template.xlsx", "/imports/{}/errors.xlsx",
]);

/** The patterns of the GET rows of the pages, read from the source. */
export function routePatterns() {
  const rows = [];
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith(".rs")) {
        const base = /const BASE: &str = "([^"]+)"/.exec(readFileSync(path, "utf8"))?.[1];
        for (const [, quoted] of readFileSync(path, "utf8").matchAll(/routes\.get\(\s*("[^"]+"|BASE)/g)) {
          rows.push((quoted === "BASE" ? base : quoted.slice(1, -1)).replace(/\{[a-z_]+\}/g, "{}"));
        }
      }
    }
  };
  walk(join(ROOT, "src/web"));
  return [...new Set(rows)].filter((row) => !ELSEWHERE.has(row)).sort();
}

const BROKEN = "姓名,证件号码,区划代码\n测试甲,123,320899001001\n测试乙,320899195001010014,999\n";

/**
 * Gives the demo what a quiet registry lacks: a month being made, an upload
 * with errors, reports and changes that wait.
 */
export async function prepare(browser, office) {
  office.cli("user", "rights", office.accounts.supervisor.username, "child,mental");
  const clerk = await device(browser, office);
  await signIn(clerk, office.accounts.clerk);
  await clerk.goto("/runs?month=2023-12");
  await press(clerk.locator("main"), /编制2023年12月全部项目/);
  await awaitJob(clerk);
  await clerk.goto("/runs?month=2023-12");
  const runs = await clerk.locator("tbody th a").evaluateAll((links) => links.map((a) => a.getAttribute("href")));
  await clerk.goto(`${runs[1]}/submit`);
  await press(clerk.locator("main form"), "提交审批");

  await clerk.goto("/imports");
  await clerk.locator("#file").setInputFiles({ name: "名单.csv", mimeType: "text/csv", buffer: Buffer.from(BROKEN) });
  await press(clerk.locator("main"), "上传");
  if (clerk.url().includes("/columns")) await press(clerk.locator("main"), "检查");
  await awaitJob(clerk);

  // Something to restore, and somebody who may be there twice.
  await clerk.goto("/residents");
  const people = await clerk.locator("tbody th a").evaluateAll((links) => links.map((a) => a.getAttribute("href")));
  await clerk.goto(`${people[0]}/edit`);
  await fill(clerk, { 联系电话: "13800000001", 修改原因: "本人告知" });
  await press(clerk.locator("main form"), "保存");
  for (const phone of ["13800000002", "13800000003"]) {
    await clerk.goto("/residents/new");
    await fill(clerk, { 姓名: "成双双", 证件类型: { label: "无证件" }, 性别: "1", 联系电话: phone });
    await clerk.locator("#birth_on").fill("1961-01-01");
    await clerk.locator("#area").selectOption({ index: 1 });
    await press(clerk.locator("main form"), "保存");
  }
  await clerk.goto(`${people[0]}/facts/new`);
  await clerk.locator("#kind").selectOption("income");
  await clerk.locator("#code").fill("wage");
  await clerk.locator("#amount").fill("6000.00");
  await clerk.locator("#decided_on").fill("2023-12-05");
  await press(clerk.locator("main form"), "提交确认");

  // A payment that is held, and a standard that waits for its second person.
  await clerk.goto("/entitlements");
  await clerk.goto(await clerk.locator("tbody th a").first().getAttribute("href"));
  await press(clerk.locator("main"), "暂缓发放");
  await clerk.locator("#reason").fill("银行账户待核实");
  await press(clerk.locator("main form"), "暂缓发放");
  await clerk.goto("/policies");
  const [inForce] = await clerk.locator("main a[href^='/policies/']").evaluateAll((links) => links.map((a) => a.getAttribute("href")));
  const policy = await (await clerk.request.get(`${office.origin}${inForce}/file`)).text();
  const raised = policy.replace(/^version = (\d+)/m, (_, version) => `version = ${Number(version) + 1}`);
  await clerk.locator("#file").setInputFiles({ name: "policy.toml", mimeType: "application/toml", buffer: Buffer.from(raised) });
  await press(clerk.locator("main form"), "提交");

  const approver = await device(browser, office);
  await signIn(approver, office.accounts.approver);
  await openConfirmed(approver, "/me/confirm?next=/approvals", office.accounts.approver);
  await press(approver.locator("tbody"), /./);
  await press(approver.locator("main"), "同意发放");
  await press(approver.locator("main form"), "同意发放");
  await approver.context().close();
  await clerk.goto(`${runs[2]}/submit`);
  await press(clerk.locator("main form"), "提交审批");
  await clerk.context().close();

  const supervisor = await device(browser, office);
  await signIn(supervisor, office.accounts.supervisor);
  await supervisor.goto("/residents");
  const other = await supervisor.locator("tbody th a").nth(5).getAttribute("href");
  await supervisor.goto(`${other}/death`);
  await fill(supervisor, { 发生日期: "2023-12-03", 申报日期: "2023-12-04" });
  await supervisor.getByRole("radio").nth(2).check();
  await press(supervisor.locator("main form"), "登记");
  await supervisor.context().close();

  const admin = await device(browser, office);
  await signIn(admin, office.accounts.admin);
  await openConfirmed(admin, "/admin/users/new", office.accounts.admin);
  await fill(admin, { 用户名: "shenpi2", 姓名: "审批二", 管辖区划代码: "320899001" });
  await admin.getByRole("radio", { name: "审批人" }).check();
  await press(admin.locator("main form"), "新增并生成一次性登录码");
  await admin.context().close();
}

/**
 * A page for a role in a language, its session shared with the role's other
 * pages: passwords are asked for once.
 */
export function visitors(browser, office) {
  const sessions = {};
  const session = async (role) => {
    const page = await device(browser, office);
    await signIn(page, office.accounts[role]);
    // Some pages ask for the password again; it then counts for five minutes.
    await openConfirmed(page, "/me/confirm?next=/home", office.accounts[role]);
    const state = await page.context().storageState();
    await page.context().close();
    return state;
  };
  return async (role, options = {}) => {
    sessions[role] ??= session(role);
    return device(browser, office, { ...options, storageState: await sessions[role] });
  };
}

/** Paths of what is printed, in the demo's November, with the role that prints it. */
export async function printed(page, office) {
  const html = await (await page.request.get(`${office.origin}/reports/roll?month=2023-11`)).text();
  const select = /<select id="program"[\s\S]*?<\/select>/.exec(html)?.[0] ?? "";
  const rolls = [...select.matchAll(/value="(\w+)"/g)].map(([, program]) => `/reports/roll?month=2023-11&program=${program}`);
  return [
    "/reports/monthly?month=2023-11", ...rolls, "/reports/notice?month=2023-11", "/reports/annual?month=2023-11",
    "/reports/annual/rows?month=2023-11&figure=R09", "/reports/population?from=2023-01&to=2023-11",
  ];
}
