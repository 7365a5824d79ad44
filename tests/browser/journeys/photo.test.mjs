// A photo of a visit: added beside the record, shown, taken out; without a
// network the form says so, and the visit itself waits on the device.
import assert from "node:assert/strict";
import { test } from "node:test";
import { device, launch, press, sees, signIn, text } from "../lib/browser.mjs";
import { armed, drained, ready } from "../lib/family.mjs";
import { Office } from "../lib/office.mjs";

/** A picture of the page itself, as a phone's camera would give one. */
const picture = async (page) => ({ name: "门口.png", mimeType: "image/png", buffer: await page.screenshot() });

test("a photo of a visit", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const page = await device(browser, office, { width: 375 });
  await signIn(page, office.accounts.grid);
  await armed(page);
  await page.goto("/households");
  const home = await page.locator("tbody th a").first().getAttribute("href");
  await page.goto(`${home}/visits/new`);
  await ready(page);
  await page.locator("input[name=purpose][value=population]").check();
  if (!(await page.locator("input[name=person]:checked").count())) await page.locator("input[name=person]").first().check();
  await Promise.all([page.waitForURL(/\/visits\/\d+$/), page.locator("button[name=then][value=photos]").click()]);
  await sees(page, "人口核实", "没有照片");
  // Without a network: said at once, nothing is sent.
  await page.context().setOffline(true);
  await page.locator("#photo").setInputFiles(await picture(page));
  await page.locator("main form .primary").click();
  await page.getByText("现在没有网络").waitFor();
  await page.context().setOffline(false);
  // What is no picture is refused with its reason.
  await page.locator("#photo").setInputFiles({ name: "a.jpg", mimeType: "image/jpeg", buffer: Buffer.from("text") });
  await page.waitForTimeout(3100);
  await press(page.locator("main form").last(), "上传照片");
  await sees(page, "有 1 处需要修改", "必须是 JPEG");
  await page.locator("#photo").setInputFiles(await picture(page));
  await press(page.locator("main form").last(), "上传照片");
  await sees(page, "照片 (1)");
  await page.waitForFunction(() => document.querySelector(".photos img").naturalWidth > 0);
  const shown = await page.request.get(office.origin + await page.locator(".photos img").getAttribute("src"));
  assert.equal(shown.headers()["content-type"], "image/jpeg");
  assert.equal(shown.headers()["cache-control"], "no-store");
  // The picture lies in no cache of the device.
  const kept = await page.evaluate(async () => {
    const all = [];
    for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) all.push(request.url);
    return all;
  });
  assert.deepEqual(kept.filter((url) => url.includes("/visits/")), []);
  await press(page.locator(".photos"), "删去照片 1");
  await sees(page, "没有照片");
  // The visit's own form without a network: everything but photos waits here.
  await page.goto(`${home}/visits/new`);
  await ready(page);
  await page.locator("input[name=purpose][value=safety]").check();
  if (!(await page.locator("input[name=person]:checked").count())) await page.locator("input[name=person]").first().check();
  await sees(page, "照片需要网络");
  await page.context().setOffline(true);
  await page.locator("button[name=then][value=photos]").click();
  await page.waitForURL(/\/outbox/);
  await page.context().setOffline(false);
  assert.deepEqual(await drained(page), []);
  await page.goto(home);
  assert.ok((await text(page)).includes("安全检查"));
});

test("a photo of a visit without JavaScript", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const page = await device(browser, office, { js: false, width: 375 });
  await signIn(page, office.accounts.grid);
  await page.goto("/households");
  const home = await page.locator("tbody th a").first().getAttribute("href");
  await page.goto(`${home}/visits/new`);
  await page.locator("input[name=purpose][value=population]").check();
  if (!(await page.locator("input[name=person]:checked").count())) await page.locator("input[name=person]").first().check();
  await press(page.locator("main form"), "保存并添加照片");
  await page.locator("#photo").setInputFiles(await picture(page));
  await press(page.locator("main form"), "上传照片");
  await sees(page, "照片 (1)");
  assert.deepEqual(page.complaints, []);
});
