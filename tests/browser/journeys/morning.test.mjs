// A grid worker's morning on a phone: a family of four behind a new door, the
// network gone twice, and at the end everybody is there once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { device, launch, press, sees, signIn, text } from "../lib/browser.mjs";
import { armed, drained, enterHome, enterMember, family, Finger, ready } from "../lib/family.mjs";
import { Network } from "../lib/network.mjs";
import { Office } from "../lib/office.mjs";

test("a morning on a phone with the network cut twice", async (t) => {
  const office = await Office.demo().serve();
  const network = await Network.to(office.origin);
  const browser = await launch();
  t.after(async () => { await browser.close(); network.close(); await office.close(); });
  const page = await device(browser, { origin: network.origin }, { width: 375 });
  const context = page.context();
  await signIn(page, office.accounts.grid);
  await sees(page, "今日待办");
  await armed(page);
  const before = (await office.api("grid", "/residents?limit=1")).total;

  const start = Date.now();
  const home = family(90);
  const finger = new Finger(page);
  // On the staircase: no network, also for a page that was never opened.
  await network.cut(context);
  await finger.tap("main a[href='/households/new']");
  await ready(page);
  await enterHome(finger, home);
  assert.match(page.url(), /\/households\/0\/members\/new/);
  await enterMember(finger, home.people[1], false);
  // A page that needs the network says so, and what is unsent is on it.
  await page.goto("/visits");
  await ready(page);
  await sees(page, "现在没有网络,打不开该页", "待发送");
  assert.equal(await page.locator("#outbox-list li").count(), 2);
  await page.goBack();
  await ready(page);

  // At a window it comes back: what waited is sent by itself, in order.
  await network.mend(context);
  await enterMember(finger, home.people[2], false);
  await page.locator("#name").fill(home.people[3].name);
  await network.cut(context);
  await enterMember(finger, home.people[3], true);
  assert.equal(new URL(page.url()).pathname, "/outbox");
  await ready(page);
  await sees(page, "待发送");
  // A browser says that it is online before anything comes through.
  await context.setOffline(false);
  await page.waitForTimeout(1000);
  await network.mend(context);
  await page.locator("#outbox-list li").first().waitFor({ state: "detached", timeout: 30_000 });
  assert.deepEqual(await drained(page), []);
  const seconds = (Date.now() - start) / 1000;
  assert.ok(finger.taps <= 60, `${finger.taps} taps`);
  t.diagnostic(`${finger.taps} taps, ${seconds.toFixed(1)} s without the time to type`);

  // The family is there, once, and "nothing has changed" takes two taps.
  await page.goto(`/households?text=${encodeURIComponent(home.address)}`);
  assert.equal(await page.locator("tbody th a").count(), 1);
  await press(page.locator("tbody"), home.address);
  for (const person of home.people) assert.equal((await text(page)).split(person.name).length, 2, person.name);
  await press(page, "无变化,已核实");
  assert.equal((await office.api("grid", "/residents?limit=1")).total, before + 4);
  await page.goto("/visits");
  await sees(page, "本月已核实 4 人");
  assert.deepEqual(page.complaints, []);
  office.verify();
});
