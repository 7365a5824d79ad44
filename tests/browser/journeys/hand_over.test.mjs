// A supervisor sees how far a grid has come, plans a building and hands the
// grid over: from that day its homes and visits are somebody else's.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { device, fill, launch, press, sees, signIn, text } from "../lib/browser.mjs";
import { Office } from "../lib/office.mjs";

const PASSWORD = "九月的河 流过 vuorikotka";

test("a supervisor hands a grid over", async (t) => {
  const office = Office.demo();
  const secret = mkdtempSync(join(tmpdir(), "password-"));
  writeFileSync(join(secret, "p"), PASSWORD, { mode: 0o600 });
  office.cli("user", "add", "jieban", "--role", "grid", "--name", "接班人", "--scope", "320899001002", "--password-file", join(secret, "p"));
  rmSync(secret, { recursive: true });
  await office.serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const old = await device(browser, office, { width: 375 });
  await signIn(old, office.accounts.grid);
  await old.goto("/households");
  const link = old.locator("tbody th a").first();
  const [home, address] = [await link.getAttribute("href"), (await link.innerText()).trim()];
  await old.goto(home);
  const area = await old.locator("dl.facts div", { hasText: "所在" }).or(old.locator("dl.facts div", { hasText: "网格" })).first().locator("dd").innerText();

  const supervisor = await device(browser, office);
  await signIn(supervisor, office.accounts.supervisor);
  await supervisor.goto("/visits");
  await sees(supervisor, "本月核实进度", area);
  await press(supervisor.locator("main"), "安排走访");
  await supervisor.locator("#area").selectOption({ label: area });
  await fill(supervisor, { 楼栋: address, 走访人: "网格员(示例)" });
  await press(supervisor.locator("main form"), "保存");
  await sees(supervisor, address, "· 网格员(示例)");
  await press(supervisor.locator("main"), "移交网格");
  await supervisor.locator("#area").selectOption({ label: area });
  await supervisor.locator("#from_user").selectOption({ label: `网格员(示例)(${office.accounts.grid.username})` });
  await supervisor.locator("#to_user").selectOption({ label: "接班人(jieban)" });
  await press(supervisor.locator("main form"), "移交网格");
  await sees(supervisor, "网格移交记录", "接班人", "· 接班人");
  assert.ok(!(await supervisor.locator("#due").innerText()).includes("· 网格员(示例)"));

  // Who gave it up is asked to sign in again and sees the home no longer.
  await old.goto(home);
  assert.match(old.url(), /\/login/);
  await signIn(old, office.accounts.grid);
  const gone = await old.goto(home);
  assert.equal(gone.status(), 404);
  // Who took it over finds it in their own round, and verifies it.
  const next = await device(browser, office, { width: 375 });
  await signIn(next, { username: "jieban", password: PASSWORD });
  await next.goto("/visits");
  await sees(next, address, "· 接班人");
  // The door is visited once, whichever of its households is named.
  const due = next.locator("#due li").filter({ hasText: address });
  await press(due, "无变化,已核实");
  await next.goto("/visits");
  assert.equal(await due.count(), 0, await text(next));
  assert.deepEqual([...old.complaints, ...supervisor.complaints, ...next.complaints], []);
  office.verify();
});
