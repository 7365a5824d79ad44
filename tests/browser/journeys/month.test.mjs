// A clerk's month: one death, one raised standard, one wrong suspension; made
// by one, approved by another, paid, closed and printed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { awaitJob, device, fill, launch, openConfirmed, press, sees, signIn, text } from "../lib/browser.mjs";
import { Office, ROOT } from "../lib/office.mjs";

const MONTH = "2023-12";
const money = (fen) => (fen / 100).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** Lines of a month, as the command line prints them. */
function lines(office, month) {
  const [, ...rest] = office.cli("--json", "payout", "show", month, "--lines").trim().split("\n");
  return rest.map((row) => JSON.parse(row.replace(/"(award|beneficiary|line|run)":(\d+)/g, '"$1":"$2"')));
}

/** The demo's policy with 840.00 from December, decided on the 4th. */
function raised(file) {
  const read = (path) => readFileSync(join(ROOT, path), "utf8");
  const [head] = read("policies/js-ill-2023.toml").split(/^# -+ 算例/m);
  const july = /^ *\{ from = "2023-07", amount = "808\.00".*$/m;
  assert.match(head, july);
  const standard = head.replace(july, `    { from = "2023-07", amount = "808.00", decided_on = "2023-09-05", doc_no = "示例〔2023〕9号" },
    { from = "2023-12", amount = "840.00", decided_on = "2023-12-04", doc_no = "示例〔2023〕12号" },`);
  const own = standard.replace('code = "js-ill-2023"', 'code = "demo"').replace(/^version = 1$/m, "version = 3");
  const proof = `
[[case]]
id = "DEMO-12"
zh = "12 月 4 日调标:一人户无收入,12 月 840.00。"
en = "Raised on 4 December: one person without income is due 840.00 in December."
month = "2023-12"
person = [{ name = "甲", born = "1970-05-01" }]
award = [{ program = "dibao" }]
expect = { dibao = "840.00" }
`;
  writeFileSync(file, own + read("src/services/demo/cases.toml") + read("src/services/demo/raised.toml") + proof);
}

/** Somebody who gets nothing but this, and whose death takes no household's head. */
async function lonely(clerk, office, november, but) {
  const mine = november.filter((line) => line.program === "care" && line.kind === "regular" && line.amount_fen === 20000);
  const paid = new Map();
  for (const line of november) paid.set(line.beneficiary, (paid.get(line.beneficiary) ?? 0) + 1);
  for (const line of mine) {
    if (paid.get(line.beneficiary) > 1 || line.beneficiary === but) continue;
    await clerk.goto(`/residents/${line.beneficiary}/death`);
    if ((await clerk.locator("#head").count()) === 0 && (await clerk.locator(".notice .tag").count()) === 1) return line;
  }
  throw new Error("the demo has nobody of that kind");
}

test("a clerk's month", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const clerk = await device(browser, office);
  await signIn(clerk, office.accounts.clerk);
  const november = lines(office, "2023-11");
  const dead = await lonely(clerk, office, november);
  const wronged = await lonely(clerk, office, november, dead.beneficiary);
  const single = november.find((line) => line.program === "dibao" && line.persons === 1 && line.amount_fen === 80800);
  assert.ok(single, "the demo has somebody on the whole standard");

  // A death, reported by the family; a second person confirms it.
  await clerk.goto(`/residents/${dead.beneficiary}/death`);
  await fill(clerk, { 发生日期: "2023-11-28", 申报日期: "2023-12-05" });
  await clerk.getByRole("radio", { name: /家属或社区申报/ }).check();
  await press(clerk.locator("main form"), "登记");
  await sees(clerk, "死亡");
  const supervisor = await device(browser, office);
  await signIn(supervisor, office.accounts.supervisor);
  await supervisor.goto("/review");
  const waiting = supervisor.locator('main a[href^="/review/reports/"]');
  const addresses = await waiting.evaluateAll((links) => links.map((a) => a.getAttribute("href")));
  let decided = false;
  for (const address of addresses) {
    await supervisor.goto(address);
    if (!(await supervisor.locator(`a[href="/residents/${dead.beneficiary}"]`).count())) continue;
    await supervisor.getByRole("radio", { name: "属实，确认死亡" }).check();
    await fill(supervisor, { 决定日期: "2023-12-06" });
    await press(supervisor.locator("main form"), "保存决定");
    decided = true;
    break;
  }
  assert.ok(decided, `no report to decide among ${addresses.length}`);

  // A suspension that will turn out wrong.
  await clerk.goto(`/awards/${wronged.award}`);
  await press(clerk.locator("main form").first(), "停发");
  await sees(clerk, "处需要修改");
  await fill(clerk, { 停发原因: "lost", 审核确认日期: "2023-12-06", 停发起始月: MONTH });
  await press(clerk.locator("main form").first(), "停发");
  await sees(clerk, "失联");

  // The first draft knows the death and the suspension, not yet the raise.
  await clerk.goto(`/runs?month=${MONTH}`);
  await press(clerk.locator("main"), /编制2023年12月全部项目/);
  await awaitJob(clerk);
  const draft = lines(office, MONTH);
  const of = (all, line) => all.filter((other) => other.program === line.program && other.beneficiary === line.beneficiary && other.kind === "regular");
  assert.equal(of(draft, dead).length, 0);
  assert.equal(of(draft, wronged).length, 0);
  assert.equal(of(draft, single)[0].amount_fen, 80800);

  // The raise is put in force, the suspension annulled: the drafts are old now.
  const file = join(office.data, "..", "raised.toml");
  raised(file);
  const proposed = office.cli("--json", "policy", "propose", file, ...office.as("clerk"));
  const { id } = JSON.parse(proposed.replace(/"id":(\d+)/, '"id":"$1"'));
  office.cli("policy", "activate", id, ...office.as("approver"));
  // The first sign-in at the command line gives a demo password the hash of an
  // office, and a new hash ends what was open.
  await signIn(clerk, office.accounts.clerk);
  await clerk.goto(`/awards/${wronged.award}`);
  await fill(clerk, { 审核确认日期: "2023-12-11", 原因: "已联系上,停发有误" });
  await press(clerk.locator("main form").first(), "撤销停发");
  await sees(clerk, "撤销");
  await clerk.goto(`/runs?month=${MONTH}`);
  await press(clerk.locator("main"), "全部重新取数");
  await awaitJob(clerk);
  const second = lines(office, MONTH);
  assert.equal(of(second, dead).length, 0, "the dead are not paid");
  assert.equal(of(second, wronged)[0]?.amount_fen, wronged.amount_fen, "a wrong suspension leaves no trace in the amount");
  assert.equal(of(second, single)[0].amount_fen, 84000, "the raise is paid");

  // What the amount rests on is shown with it.
  await clerk.goto(`/lines/${of(second, single)[0].line}`);
  await sees(clerk, "金额怎么来的", "840.00");

  // Submitted by the clerk, who cannot approve; approved by another.
  const board = async () => {
    await clerk.goto(`/runs?month=${MONTH}`);
    return clerk.locator("tbody th a").evaluateAll((links) => links.map((a) => a.getAttribute("href")));
  };
  const hrefs = await board();
  assert.ok(hrefs.length >= 7, `${hrefs.length} runs`);
  for (const href of hrefs) {
    await clerk.goto(`${href}/submit`);
    await press(clerk.locator("main form"), "提交审批");
    await sees(clerk, "待审批");
  }
  assert.equal((await clerk.goto("/approvals")).status(), 403);
  const approver = await device(browser, office);
  await signIn(approver, office.accounts.approver);
  await openConfirmed(approver, "/me/confirm?next=/approvals", office.accounts.approver);
  for (const href of hrefs) {
    const run = href.split("/").pop();
    await approver.goto(`/approvals/${run}`);
    await press(approver.locator("main"), "同意发放");
    await press(approver.locator("main form"), "同意发放");
    await sees(approver, "已审批");
  }

  // Paid; one payment comes back; closed.
  for (const href of hrefs) {
    await clerk.goto(`${href}/payment`);
    await fill(clerk, { 发放日期: "2023-12-25" });
    await press(clerk.locator("main form"), "登记发放");
    await sees(clerk, "已发放");
  }
  const run = of(second, wronged)[0].run;
  await clerk.goto(`/lines/${of(second, wronged)[0].line}`);
  const name = (await clerk.locator("h1").innerText()).replace(/[*\s].*$/, "");
  await clerk.goto(`/runs/${run}/returns`);
  await fill(clerk, { "姓名（开头几个字）": name });
  await press(clerk.locator("main form").first(), "查询");
  const returned = of(second, wronged)[0].line;
  await clerk.locator(`input[name=line][value="${returned}"]`).check();
  await clerk.locator("#reason").selectOption({ index: 1 });
  await clerk.locator("#returned_on").fill("2023-12-27");
  await press(clerk.locator("main form").last(), "登记退票");
  await sees(clerk, "已登记的退票", "200.00");
  await openConfirmed(approver, `/months/${MONTH}/close`, office.accounts.approver);
  await press(approver.locator("main form"), "关账");
  await sees(approver, "已关账");

  // The summary: the page, the print and the ledger say the same.
  const summary = office.json("report", "month", MONTH);
  assert.equal(summary.closed, true);
  await clerk.goto(`/reports/monthly?month=${MONTH}`);
  const shown = await text(clerk);
  const monthly = second.filter((line) => line.kind === "regular" && line.program !== "temp");
  const due = monthly.reduce((sum, line) => sum + line.amount_fen, 0);
  const pdf = join(office.data, "..", "summary.pdf");
  writeFileSync(pdf, await clerk.pdf({ preferCSSPageSize: true }));
  const printed = execFileSync("pdftotext", ["-layout", pdf, "-"], { encoding: "utf8" });
  for (const [what, said] of [["due", money(due)], ["death", "死亡"]]) {
    assert.ok(shown.includes(said), `the page lacks ${what} ${said}`);
    assert.ok(printed.includes(said), `the print lacks ${what} ${said}:\n${printed.slice(0, 4000)}`);
  }
  const totals = (whole) => [...whole.matchAll(/\d[\d,]*\.\d\d/g)].map(([amount]) => amount).sort();
  assert.ok(totals(shown).length > 100, `${totals(shown).length} amounts`);
  assert.deepEqual(totals(printed), totals(shown), "page and print have the same amounts");
  // The title stands above the first table, the signatures under the last one.
  const sheets = printed.split("\f").filter((sheet) => sheet.trim());
  for (const sheet of sheets) assert.ok(sheet.includes("街道合计") || sheet.includes("社区"), `a sheet without a table:\n${sheet}`);
  assert.ok(sheets.at(-1).includes("制表人"));
  office.verify();
  assert.deepEqual([...clerk.complaints, ...approver.complaints, ...supervisor.complaints], []);
});
