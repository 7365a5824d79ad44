// An auditor catches a curious colleague: what was looked at and revealed is
// found by who, whom and why, and the log proves itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { awaitJob, device, fill, launch, press, sees, signIn, text } from "../lib/browser.mjs";
import { Office } from "../lib/office.mjs";

test("an auditor catches a curious colleague", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });

  // The clerk looks at eight people and reveals the numbers of three.
  const clerk = await device(browser, office);
  await signIn(clerk, office.accounts.clerk);
  await clerk.goto("/residents");
  const links = clerk.locator("tbody th a");
  const people = [];
  for (let at = 0; at < 8; at += 1) {
    people.push({ href: await links.nth(at).getAttribute("href"), name: await links.nth(at).innerText() });
  }
  for (const [at, person] of people.entries()) {
    await clerk.goto(person.href);
    await sees(clerk, person.name);
    // Masked on the page itself, whoever looks.
    assert.doesNotMatch(await text(clerk), /\d{17}[\dX]/);
    if (at >= 3) continue;
    await press(clerk.locator("main"), "显示");
    // Without a purpose nothing is shown, and the field says so.
    await press(clerk.locator("main"), "显示");
    await sees(clerk, "有 1 处需要修改");
    assert.ok(clerk.url().includes("/reveal"));
    await clerk.getByRole("radio").last().check();
    await fill(clerk, { 说明: "想看看这个邻居今年多大了" });
    await press(clerk.locator("main"), "显示");
    person.shown = (await clerk.locator(".shown").innerText()).trim();
    assert.match(person.shown, /^\d{17}[\dX]$|^T|^1\d{10}$|^\d{3,4}-?\d{7,8}$/);
  }

  const auditor = await device(browser, office);
  await signIn(auditor, office.accounts.auditor);
  // Views are written in groups, at the latest after a second.
  await auditor.waitForTimeout(1500);
  await auditor.goto("/audit/reveals");
  const who = office.accounts.clerk.username;
  const row = auditor.locator("table").last().locator("tr", { hasText: who }).first();
  const cells = await row.locator("td").allInnerTexts();
  assert.equal(cells[1], "3", `reveals: ${cells}`);
  assert.equal(cells[2], "3", `people: ${cells}`);
  assert.match(cells[3], /其他/);
  await sees(auditor, "查看与显示统计");

  // From the statistics to whom the colleague looked at.
  await press(auditor.locator("table").first().locator("tr", { hasText: who }).first(), who);
  assert.match(auditor.url(), /\/audit\/views/);
  const seen = await auditor.locator("tbody tr").count();
  assert.ok(seen >= 8, `${seen} views`);
  const id = people[0].href.split("/").pop();
  await fill(auditor, { 被查看的居民编号: id });
  await press(auditor.locator("main"), "查询");
  assert.ok((await auditor.locator("tbody tr").count()) >= 1);
  for (const name of await auditor.locator("tbody tr td:nth-child(2)").allInnerTexts()) assert.equal(name, who);
  // The auditor reads that it happened, never what was shown, nor whole names.
  assert.ok(!(await auditor.content()).includes(people[0].name), "an auditor reads whole names");

  await auditor.goto("/audit");
  await fill(auditor, { 用户: who, 对象编号: id });
  await press(auditor.locator("main"), "查询");
  await sees(auditor, "reveal", "想看看这个邻居今年多大了");
  for (const person of people.slice(0, 3)) assert.ok(!(await auditor.content()).includes(person.shown));

  await auditor.goto("/audit/verify");
  await press(auditor.locator("main"), "立即校验");
  await awaitJob(auditor);
  await auditor.goto("/audit/verify");
  await sees(auditor, "没有发现问题");

  // The colleague's own pages do not lead there.
  const refused = await clerk.goto("/audit");
  assert.equal(refused.status(), 403);
  await sees(clerk, "没有权限");
  const entries = await office.api("auditor", `/audit?actor=${who}&action=resident.reveal`);
  assert.equal(entries.items.length, 3, JSON.stringify(entries.items));
  office.verify();
  assert.deepEqual([...clerk.complaints, ...auditor.complaints], []);
});
