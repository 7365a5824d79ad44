// Without JavaScript, on a phone: sign in, get a form wrong, mend it, correct
// what was saved. What was typed stays; one record results.
import assert from "node:assert/strict";
import { test } from "node:test";
import { device, fill, launch, press, sees, signIn, text } from "../lib/browser.mjs";
import { family } from "../lib/family.mjs";
import { Office } from "../lib/office.mjs";

test("a resident is registered without JavaScript", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const page = await device(browser, office, { js: false, width: 375 });
  await signIn(page, office.accounts.grid);
  assert.match(page.url(), /\/home/);
  const before = (await office.api("grid", "/residents?limit=1")).total;

  await page.goto("/residents/new");
  await fill(page, { 姓名: "欧阳试", 联系电话: "1380000123" });
  await page.locator("#doc_kind").selectOption({ label: "居民身份证" });
  await page.locator("#doc_no").fill("320899194901010011");
  await page.locator("#area").selectOption({ index: 1 });
  await press(page.locator("main form"), "保存");
  // Both faults are named, and nothing that was typed is gone.
  assert.match(await page.title(), /^错误/);
  await sees(page, "有 2 处需要修改", "第 18 位校验不通过");
  assert.equal(await page.locator("#name").inputValue(), "欧阳试");
  assert.equal(await page.locator("#phone").inputValue(), "1380000123");
  const body = "32089919490101001";
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = [...body].reduce((total, digit, at) => total + Number(digit) * weights[at], 0);
  await page.locator("#doc_no").fill(body + "10X98765432"[sum % 11]);
  await page.locator("#phone").fill("13800001234");
  await press(page.locator("main form"), "保存");
  assert.match(page.url(), /\/residents\/\d+/);
  await sees(page, "欧阳试", "男");
  assert.equal((await office.api("grid", "/residents?limit=1")).total, before + 1);

  // The same number again is refused, and leads to the one who is there.
  await page.goto("/residents/new");
  await fill(page, { 姓名: "欧阳再", 联系电话: "13800001234" });
  await page.locator("#doc_no").fill(body + "10X98765432"[sum % 11]);
  await page.locator("#area").selectOption({ index: 1 });
  await press(page.locator("main form"), "保存");
  assert.match(await page.title(), /^错误/);
  assert.equal((await office.api("grid", "/residents?limit=1")).total, before + 1);
  office.verify();
});

test("the same family is registered without JavaScript", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const page = await device(browser, office, { js: false, width: 375 });
  await signIn(page, office.accounts.grid);
  const before = (await office.api("grid", "/residents?limit=1")).total;
  const home = family(91);
  const enter = async (person) => {
    if (person.relation) await page.locator("#relation").selectOption(person.relation);
    await page.locator("#name").fill(person.name);
    await page.locator("#doc_no").fill(person.number);
    await page.locator("#phone").fill(person.phone);
    if (!(await page.locator("#area").inputValue())) await page.locator("#area").selectOption({ index: 1 });
  };
  const next = (button) => Promise.all([page.waitForNavigation(), page.locator(button).click()]);
  await page.goto("/home");
  await press(page.locator("main"), "新增户");
  await page.locator("#address").fill(home.address);
  await enter(home.people[0]);
  await next("#save-next");
  assert.match(page.url(), /\/households\/\d+\/members\/new/);
  const record = page.url().replace("/members/new", "");
  // Back, and once more: the household that is there is shown, nothing is doubled.
  await page.goBack();
  await page.locator("#address").fill(home.address);
  await enter(home.people[0]);
  await next("#save-next");
  await sees(page, "该门牌已有住户档案");
  await page.goto(await page.locator("#twins a").getAttribute("href"));
  assert.equal(page.url(), record);
  for (const [at, person] of home.people.slice(1).entries()) {
    if (!page.url().endsWith("/members/new")) await press(page.locator("main"), "添加成员");
    await sees(page, `已有 ${at + 1} 名成员`);
    // The first attempt lacks the relation; what was typed stays.
    await enter({ ...person, relation: null });
    await next("#save-next");
    await sees(page, "请选择与户主关系");
    assert.equal(await page.locator("#name").inputValue(), person.name);
    await page.locator("#relation").selectOption(person.relation);
    await next(at === 2 ? "#save" : "#save-next");
  }
  for (const person of home.people) assert.equal((await text(page)).split(person.name).length, 2, person.name);
  assert.equal((await office.api("grid", "/residents?limit=1")).total, before + 4);
  // The same door again: the family that is there is shown.
  await page.goto("/households/new");
  await page.locator("#address").fill(home.address);
  await enter({ ...home.people[0], name: "另一人", number: "320899194901010010" });
  await next("#save");
  await sees(page, "该门牌已有住户档案", home.address);
  assert.equal((await office.api("grid", "/residents?limit=1")).total, before + 4);
  office.verify();
});
