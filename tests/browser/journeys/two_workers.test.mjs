// Two workers and one resident, then one household: different fields are put
// together, the same field is shown for choice, nothing is overwritten (UX-3).
import assert from "node:assert/strict";
import { test } from "node:test";
import { device, fill, launch, press, sees, signIn } from "../lib/browser.mjs";
import { Office } from "../lib/office.mjs";

const change = async (page, fields) => {
  await fill(page, { ...fields, 修改原因: "走访核对" });
  await press(page.locator("main form"), "保存");
};

test("two workers and one resident", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const worker = await device(browser, office, { width: 375 });
  const supervisor = await device(browser, office, { js: false });
  await signIn(worker, office.accounts.grid);
  await signIn(supervisor, office.accounts.supervisor);
  await worker.goto("/residents");
  const person = await worker.locator("tbody th a").first().getAttribute("href");

  for (const page of [worker, supervisor]) await page.goto(`${person}/edit`);
  const unfold = (page) => page.locator("main details summary").first().click();
  await unfold(supervisor);
  await change(worker, { 联系电话: "13800001111" });
  await change(supervisor, { 文化程度: "60" });
  // Different fields: both are there.
  await sees(supervisor, "138****1111", "普通高级中学");

  await worker.goto(`${person}/edit`);
  await supervisor.goto(`${person}/edit`);
  await unfold(worker);
  await unfold(supervisor);
  await change(worker, { 婚姻状况: "30" });
  await change(supervisor, { 婚姻状况: "40", 文化程度: "80" });
  await sees(supervisor, "您打开后,网格员(示例)于", "您填写的内容没有丢失", "丧偶", "离婚");
  assert.equal(await supervisor.locator("fieldset.conflict").count(), 1);
  await sees(supervisor, "已自动合并", "小学");
  // Somebody saves again meanwhile: the comparison comes back.
  await worker.goto(`${person}/edit`);
  await unfold(worker);
  await change(worker, { 婚姻状况: "20" });
  await supervisor.locator("[data-side=mine]").check();
  await press(supervisor.locator("main form"), "按以上选择保存");
  await sees(supervisor, "您填写的内容没有丢失", "已婚");
  await supervisor.locator("[data-side=mine]").check();
  await press(supervisor.locator("main form"), "按以上选择保存");
  await sees(supervisor, "离婚", "小学", "138****1111");
  // Every value that was ever saved is in the history.
  const history = await supervisor.locator("#history").innerText();
  for (const value of ["丧偶", "已婚", "离婚", "小学", "普通高级中学"]) assert.ok(history.includes(value), value);

  // The household's form is compared the same way, also in a browser with scripts.
  await supervisor.goto(person);
  const home = await supervisor.locator("#households tbody a").first().getAttribute("href");
  await worker.goto(`${home}/edit`);
  await supervisor.goto(`${home}/edit`);
  await change(supervisor, { 地址: "东长花园77号院1幢1单元102室" });
  await change(worker, { 地址: "东长花园77号院1幢1单元101室" });
  await sees(worker, "您打开后,社区主管(示例)于", "102室", "101室");
  await worker.locator("[data-side=mine]").check();
  await press(worker.locator("main form"), "按以上选择保存");
  await sees(worker, "东长花园77号院1幢1单元101室");
  assert.deepEqual(worker.complaints, []);
  office.verify();
});
