// A clerk imports a broken workbook, mends it with the book of errors, imports
// it again, and takes it back.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { awaitJob, device, fill, launch, press, sees, signIn } from "../lib/browser.mjs";
import { Office } from "../lib/office.mjs";

// Debian's own interpreter: the package for workbooks is its own.
const book = (...args) => execFileSync("/usr/bin/python3", [fileURLToPath(new URL("../lib/book.py", import.meta.url)), ...args], { encoding: "utf8" });

async function upload(page, file) {
  await page.goto("/imports");
  await page.locator("#file").setInputFiles(file);
  await press(page.locator("main form"), "上传");
  if (/\/columns$/.test(page.url())) await press(page.locator("main form"), "检查");
  await awaitJob(page);
}

test("a clerk mends a broken workbook", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const folder = join(office.data, "..");
  const [broken, errors, mended] = ["broken", "errors", "mended"].map((name) => join(folder, `${name}.xlsx`));
  book("make", broken);

  const clerk = await device(browser, office);
  await signIn(clerk, office.accounts.clerk);
  const before = (await office.api("clerk", "/residents?limit=1")).total;
  // Not a workbook at all: refused with a word about it.
  await clerk.goto("/imports");
  await clerk.locator("#file").setInputFiles({ name: "x.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4") });
  await press(clerk.locator("main form"), "上传");
  await sees(clerk, "有 1 处需要修改");

  await upload(clerk, broken);
  await sees(clerk, "有错误，未保存", "有 3 处错误", "第 4 行", "第 6 行", "第 8 行");
  assert.equal((await office.api("clerk", "/residents?limit=1")).total, before, "a check stores nothing");
  const [download] = await Promise.all([clerk.waitForEvent("download"), clerk.getByRole("link", { name: "下载错误清单" }).click()]);
  await download.saveAs(errors);
  // The book came back with the faults beside their rows, and only there.
  assert.equal(book("mend", errors, mended).trim(), "4 6 8");

  await upload(clerk, mended);
  await sees(clerk, "全部可以导入，尚未保存");
  await press(clerk.locator("main form"), "导入全部 12 行");
  await awaitJob(clerk);
  await sees(clerk, "已导入");
  await clerk.goto("/residents");
  await fill(clerk, { 姓名或拼音首字母: "试入" });
  await press(clerk.locator("main form").first(), "查询");
  await sees(clerk, "共 12 人", "试入甲");
  assert.equal((await office.api("clerk", "/residents?limit=1")).total, before + 12);
  office.verify();

  // Taken back, with a reason; and only once.
  await clerk.goto("/imports");
  await press(clerk.locator("main section").last(), "mended.xlsx");
  await press(clerk.locator("main form"), "撤销导入");
  await sees(clerk, "有 1 处需要修改");
  await fill(clerk, { 原因: "导错了社区" });
  await press(clerk.locator("main form"), "撤销导入");
  await sees(clerk, "已撤销");
  assert.equal(await clerk.getByRole("button", { name: "撤销导入" }).count(), 0);
  assert.equal((await office.api("clerk", "/residents?limit=1")).total, before);
  office.verify();
  assert.deepEqual(clerk.complaints, []);
});
