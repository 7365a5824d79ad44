// What an approver decides on, what is taken along and what is printed say what
// the screen and the ledger say (UX-4, UX-5, UX-6).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { awaitJob, device, fill, launch, openConfirmed, press, sees, signIn, text } from "../lib/browser.mjs";
import { Office } from "../lib/office.mjs";
import { pdf } from "../lib/print.mjs";

const fen = (text) => Math.round(Number(text.replaceAll(/[^\d.−-]/g, "").replace("−", "-")) * 100);

/** Amount in fen of words like 人民币贰拾贰万贰仟肆佰捌拾捌元伍角. */
function ofWords(words) {
  const digit = (sign) => "零壹贰叁肆伍陆柒捌玖".indexOf(sign);
  const whole = (text) => {
    let [sum, part, last] = [0, 0, 0];
    for (const sign of text) {
      if (digit(sign) >= 0) last = digit(sign);
      else if (sign === "万" || sign === "亿") { sum = (sum + part + last) * (sign === "万" ? 1e4 : 1e8); part = last = 0; }
      else { part += (last || 1) * { 拾: 10, 佰: 100, 仟: 1000 }[sign]; last = 0; }
    }
    return sum + part + last;
  };
  const [, yuan = "", rest = ""] = /人民币(?:(.+)元)?(.*)/.exec(words);
  const small = (unit) => digit(new RegExp(`(.)${unit}`).exec(rest)?.[1] ?? "零");
  return whole(yuan) * 100 + small("角") * 10 + small("分");
}

/** What the ledger holds, asked of the database itself. */
function ledger(office, sql) {
  const script = "import sqlite3, sys; print(sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True).execute(sys.argv[2]).fetchone()[0] or 0)";
  return Number(execFileSync("/usr/bin/python3", ["-c", script, join(office.data, "mingce.db"), sql], { encoding: "utf8" }));
}

/** Rows of a workbook that the page's form gives. */
async function workbook(page, form, purpose) {
  await form.locator("[name=purpose]").fill(purpose);
  const [file] = await Promise.all([page.waitForEvent("download"), form.locator("[name=format][value=xlsx]").click()]);
  const path = await file.path();
  const named = `${path}.xlsx`;
  await file.saveAs(named);
  const script = fileURLToPath(new URL("../lib/xlsx.py", import.meta.url));
  return JSON.parse(execFileSync("/usr/bin/python3", [script, named], { encoding: "utf8" }));
}

test("an approver decides in three pages, and every number leads to its lines", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const clerk = await device(browser, office);
  await signIn(clerk, office.accounts.clerk);
  await clerk.goto("/runs?month=2023-12");
  await press(clerk.locator("main"), /编制2023年12月全部项目/);
  await awaitJob(clerk);
  await clerk.goto("/runs?month=2023-12");
  // The board: every number of a run leads to the lines that it counts.
  const cells = await clerk.locator("tbody td.number").evaluateAll((all) => all.map((cell) => [cell.innerText.trim(), cell.querySelector("a")?.getAttribute("href") ?? ""]));
  assert.ok(cells.length >= 35, `${cells.length} numbers`);
  const nothing = (said) => /^[0.]+$/.test(said);
  for (const [said, href] of cells) if (!nothing(said)) assert.match(href, /^\/runs\/\d+\/lines/, `${said} leads nowhere`);
  const run = (await clerk.locator("tbody th a").first().getAttribute("href")).split("/").pop();
  await clerk.goto(`/runs/${run}/submit`);
  await press(clerk.locator("main form"), "提交审批");

  const approver = await device(browser, office);
  await signIn(approver, office.accounts.approver);
  await openConfirmed(approver, "/me/confirm?next=/home", office.accounts.approver);
  const opened = [];
  approver.on("framenavigated", (frame) => { if (frame === approver.mainFrame()) opened.push(new URL(frame.url()).pathname); });
  await approver.goto("/home");
  await approver.locator(`main a[href="/approvals/${run}"]`).first().click();
  await approver.waitForURL(/\/approvals\/\d+$/);
  const look = await device(browser, office, { storageState: await approver.context().storageState() });
  const figures = await approver.locator(".figures li").evaluateAll((all) => all.map((one) => [one.querySelector("strong").innerText, one.querySelector("a")?.getAttribute("href") ?? ""]));
  assert.equal(figures.length, 5);
  for (const [said, href] of figures) {
    if (nothing(said)) continue;
    assert.match(href, /^\/runs\/\d+\/lines/, `${said} leads nowhere`);
    await look.goto(href);
    const total = look.locator("tfoot tr").last();
    const [count, sum] = await total.count() ? [await total.locator("th").innerText(), await total.locator(".corner").innerText()] : ["0", "0.00"];
    const found = said.includes(".") ? fen(sum) : fen(count) / 100;
    assert.equal(found, said.includes(".") ? fen(said) : fen(said) / 100, `${href} does not hold ${said}`);
  }
  await press(approver.locator("main"), "同意发放");
  await press(approver.locator("main form"), "同意发放");
  await sees(approver, "已审批");
  assert.deepEqual(opened.slice(0, 3), ["/home", `/approvals/${run}`, `/approvals/${run}/confirm`]);
  assert.deepEqual([...clerk.complaints, ...approver.complaints], []);
});

test("a workbook has the rows, the order and the totals of the screen", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const clerk = await device(browser, office);
  await signIn(clerk, office.accounts.clerk);
  await openConfirmed(clerk, "/me/confirm?next=/home", office.accounts.clerk);
  // A register, page by page as it stands on the screen.
  await clerk.goto("/residents");
  const area = await clerk.locator("#area option").last().getAttribute("value");
  await clerk.goto(`/residents?area=${area}`);
  const names = [];
  for (;;) {
    names.push(...await clerk.locator("tbody th").allInnerTexts());
    const next = clerk.locator(".pager a[rel=next]");
    if (!(await next.count())) break;
    await Promise.all([clerk.waitForNavigation(), next.click()]);
  }
  assert.ok(names.length > 30, `${names.length} people`);
  await clerk.goto(`/exports/register/plain?register=residents&area=${area}`);
  const rows = await workbook(clerk, clerk.locator("main form"), "核对名册");
  const head = rows.findIndex((row) => row.includes("姓名"));
  const [name, number] = ["姓名", "证件号"].map((title) => rows[head].findIndex((cell) => cell?.startsWith(title)));
  const people = rows.slice(head + 1).filter((row) => names.includes(row[name]));
  assert.deepEqual(people.map((row) => row[name]), names, "rows or order differ");
  for (const row of people) {
    assert.equal(typeof row[number], "string", "a number of eighteen digits is a text");
    assert.match(row[number], /^\d{17}[\dX]$|^T/);
  }
  // A payroll: its total is the screen's, its amounts are numbers that add up to it.
  await clerk.goto("/reports/roll?month=2023-11&program=dibao");
  const shown = await text(clerk);
  const lines = await clerk.locator("table.report tbody tr:not(.t)").count();
  await clerk.locator("details.export summary").first().click();
  const roll = await workbook(clerk, clerk.locator("details.export form").first(), "核对花名册");
  const total = ledger(office, "SELECT sum(l.amount_fen) FROM line l JOIN run r ON r.id = l.run_id WHERE r.month = 2023 * 12 + 10 AND l.program = 'dibao' AND l.kind = 'regular'");
  const money = (total / 100).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  assert.ok(shown.includes(money), `the page lacks ${money}`);
  const numbered = roll.filter((row) => typeof row[0] === "number" || /^\d+$/.test(row[0] ?? "")).filter((row) => !row.includes("合计"));
  assert.equal(numbered.length, lines, "rows differ");
  const sum = roll.find((row) => row.includes("合计"));
  assert.ok(sum.includes(total / 100), `the total is missing: ${sum}`);
  assert.deepEqual(clerk.complaints, []);
});

test("the printed summary has the ledger's sum, in digits and in words", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const clerk = await device(browser, office);
  await signIn(clerk, office.accounts.clerk);
  await clerk.goto("/reports/monthly?month=2023-11");
  const path = join(office.data, "..", "summary.pdf");
  await pdf(clerk, path);
  const printed = execFileSync("pdftotext", ["-layout", path, "-"], { encoding: "utf8" });
  const of = (kinds) => ledger(office, `SELECT sum(l.amount_fen) FROM line l JOIN run r ON r.id = l.run_id WHERE r.month = 2023 * 12 + 10 AND l.program <> 'temp' AND l.kind IN (${kinds})`);
  const [due, paid] = [of("'regular'"), of("'regular', 'arrears', 'deduction'")];
  assert.ok(due > 0 && paid >= due);
  const digits = (total) => (total / 100).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  for (const [title, total] of [["本月应发合计", due], ["实发合计", paid]]) {
    const words = new RegExp(`${title}（大写）：(人民币\\S+)`).exec(printed)?.[1] ?? "";
    assert.equal(ofWords(words), total, `${title}: ${words} is not ${digits(total)}`);
    assert.ok(printed.includes(digits(total)), `the print lacks ${digits(total)}`);
  }
  assert.deepEqual(clerk.complaints, []);
});
