// An administrator's first day: an empty registry, a code from the command
// line, and at the end everybody of the office has come in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Authenticator, device, fill, launch, press, sees, signIn } from "../lib/browser.mjs";
import { Office } from "../lib/office.mjs";

const PASSWORD = "九月的河 流过 vuorikotka";
const STREET = "320899001";
const COMMUNITY = "320899001001";

/** Comes in with a one-time code: own password, second factor if asked. */
async function comeIn(page, username, code, second) {
  await signIn(page, { username, password: code });
  assert.match(page.url(), /\/password\/first/);
  await sees(page, "一次性登录码已使用");
  // A password that is too short stays outside, and the field says why.
  await page.locator("#password").fill("short");
  await press(page, "保存并进入");
  await sees(page, "有 1 处需要修改");
  await page.locator("#password").fill(PASSWORD);
  await press(page, "保存并进入");
  if (!second) return null;
  if (!page.url().includes("/me/totp")) await page.goto("/me/totp");
  const authenticator = new Authenticator((await page.locator("code.secret").innerText()).replaceAll(" ", ""));
  await page.locator("#password").fill(PASSWORD);
  await page.locator("#code").fill(await authenticator.code());
  await press(page, "启用动态口令");
  await sees(page, "恢复码只显示这一次");
  assert.equal(await page.locator(".codes li").count(), 10);
  await press(page, "已抄写，进入系统");
  return authenticator;
}

/** Once more with a password (and code), after having left. */
async function comeBack(page, username, authenticator) {
  await page.context().clearCookies();
  await signIn(page, { username, password: PASSWORD });
  if (authenticator) {
    assert.match(page.url(), /\/login\/totp/);
    await page.locator("#code").fill(await authenticator.code());
    await press(page, "验证");
  }
  assert.match(page.url(), /\/home/);
}

async function newAccount(page, username, name, role, scope) {
  await page.goto("/admin/users/new");
  await fill(page, { 用户名: username, 姓名: name, 管辖区划代码: scope });
  await page.getByRole("radio", { name: role }).check();
  await press(page, "新增并生成一次性登录码");
}

test("an administrator's first day", async (t) => {
  const office = Office.empty();
  const { code } = office.json("invite", "zhang", "--name", "张三", "--scope", STREET);
  await office.serve("--profile", "standard");
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });

  const admin = await device(browser, office);
  await signIn(admin, { username: "zhang", password: "not the code" });
  await sees(admin, "用户名或密码不正确");
  await comeIn(admin, "zhang", code, true);
  await sees(admin, "首页");
  // The code was good once.
  const thief = await device(browser, office);
  await signIn(thief, { username: "zhang", password: code });
  await sees(thief, "用户名或密码不正确");

  for (const [area, name] of [[STREET, "长东街道"], [COMMUNITY, "东长街社区"]]) {
    await admin.goto("/admin/areas/new");
    await fill(admin, { 代码: area, 名称: name, 启用日期: "2023-01-01" });
    await press(admin, "保存");
  }
  await sees(admin, "长东街道", "东长街社区");

  const codes = {};
  for (const [username, name, role, scope] of [
    ["wang", "王五", "网格员", COMMUNITY],
    ["zhao", "赵六", "社区主管", COMMUNITY],
    ["qian", "钱七", "民政经办", STREET],
    ["sun", "孙八", "系统管理员", STREET],
  ]) {
    await newAccount(admin, username, name, role, scope);
    codes[username] = (await admin.locator(".shown").innerText()).trim();
  }
  // Who approves and who audits takes two administrators.
  for (const [username, name, role] of [["li", "李九", "审批人"], ["zhou", "周十", "审计"]]) {
    await newAccount(admin, username, name, role, STREET);
    await sees(admin, "等待另一名管理员确认", username);
  }
  assert.equal(await admin.getByRole("button", { name: "确认授予" }).count(), 0);
  const second = await device(browser, office);
  const authenticator = await comeIn(second, "sun", codes.sun, true);
  for (const username of ["li", "zhou"]) {
    await second.goto("/admin/users");
    await press(second.locator("tr", { hasText: username }), "确认授予");
    codes[username] = (await second.locator(".shown").innerText()).trim();
  }

  for (const [username, home, needsSecond] of [
    ["wang", "查找", false], ["zhao", "待确认与核实", false], ["qian", "月度发放", true], ["li", "待我审批", true], ["zhou", "审计日志", true],
  ]) {
    const page = await device(browser, office, { width: username === "wang" ? 375 : 1366 });
    const own = await comeIn(page, username, codes[username], needsSecond);
    assert.match(page.url(), /\/home/);
    // On a phone from the bar below, elsewhere from the menu.
    const menu = page.getByRole("navigation", { name: username === "wang" ? "常用" : "主菜单" });
    assert.ok(await menu.getByRole("link", { name: home }).isVisible(), `${username} has no ${home}`);
    if (username === "wang") await comeBack(page, username, own);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
  await comeBack(second, "sun", authenticator);

  // What was shown is what is stored.
  const users = Object.fromEntries(office.json("user", "list").map((user) => [user.username, user]));
  const roles = Object.entries(users).map(([name, user]) => `${name} ${user.role} ${user.scope_code ?? user.scope}`).sort();
  assert.deepEqual(roles, [
    `li approver ${STREET}`, `qian clerk ${STREET}`, `sun admin ${STREET}`, `wang grid ${COMMUNITY}`,
    `zhang admin ${STREET}`, `zhao supervisor ${COMMUNITY}`, `zhou auditor ${STREET}`,
  ]);
  office.verify();
  assert.deepEqual([...admin.complaints, ...second.complaints], []);
});
