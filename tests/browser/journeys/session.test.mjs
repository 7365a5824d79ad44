// A session that ends while somebody writes (UX-8), and the warning before it
// what an input method composes is left alone.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { device, launch, press, sees, signIn } from "../lib/browser.mjs";
import { armed, drained, idNumber, ready } from "../lib/family.mjs";
import { Office } from "../lib/office.mjs";

const typeSomebody = async (page, name, number) => {
  await page.locator("#name").fill(name);
  await page.locator("#doc_no").fill(number);
  await page.locator("#phone").fill("13800004321");
  await page.locator("#area").selectOption({ index: 1 });
  await page.getByText(/已存草稿/).waitFor();
};

/** Year, month and day of birth as they stand in their boxes. */
const boxes = (page) => page.locator("[data-date-boxes] input").evaluateAll((inputs) => inputs.map((input) => input.value));

/** Every session has been idle for too long. */
const idle = (office) => {
  const database = readdirSync(office.data).map((name) => join(office.data, name)).find((path) => /\.(db|sqlite3?)$/.test(path));
  const script = "import sqlite3,sys; db = sqlite3.connect(sys.argv[1]); db.execute('UPDATE web_session SET idle_seconds = 0'); db.commit()";
  execFileSync("/usr/bin/python3", ["-c", script, database]);
};

/** The same session, and everybody else's, ends on the server. */
const endSessions = async (office, page) => {
  const cookies = await page.context().cookies();
  const away = await page.context().browser().newContext({ baseURL: office.origin, locale: "zh-CN" });
  await away.addCookies(cookies);
  const other = await away.newPage();
  await other.goto("/home");
  await press(other, "退出");
  await away.close();
};

test("a session ends while a form is open", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const page = await device(browser, office, { width: 375 });
  await signIn(page, office.accounts.grid);
  await armed(page);
  const before = (await office.api("grid", "/residents?limit=1")).total;
  const number = idNumber("19700101", 901);

  await page.goto("/residents/new");
  await ready(page);
  await typeSomebody(page, "会话一", number);
  await endSessions(office, page);
  // Opened again: sign in, the same form, the same content.
  await page.reload();
  assert.match(page.url(), /\/login\?next=/);
  await page.locator("#username").fill(office.accounts.grid.username);
  await page.locator("#password").fill(office.accounts.grid.password);
  await Promise.all([page.waitForNavigation(), page.locator("main form button.primary").click()]);
  assert.equal(new URL(page.url()).pathname, "/residents/new");
  await page.locator("#draft-found [data-resume]").click();
  assert.equal(await page.locator("#name").inputValue(), "会话一");
  assert.equal(await page.locator("#doc_no").inputValue(), number);
  assert.equal(await page.locator("#phone").inputValue(), "13800004321");
  // It ends once more, and this time somebody has pressed the button.
  await endSessions(office, page);
  await page.locator("main form .primary").click();
  await page.waitForURL(/\/login/);
  await page.locator("#username").fill(office.accounts.grid.username);
  await page.locator("#password").fill(office.accounts.grid.password);
  await Promise.all([page.waitForNavigation(), page.locator("main form button.primary").click()]);
  assert.deepEqual(await drained(page), []);
  assert.equal((await office.api("grid", "/residents?limit=1")).total, before + 1);
  assert.deepEqual(page.complaints, []);
});

test("a session ends while a form is open, without JavaScript", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const page = await device(browser, office, { js: false, width: 375 });
  await signIn(page, office.accounts.grid);
  const before = (await office.api("grid", "/residents?limit=1")).total;
  await page.goto("/residents/new");
  await page.locator("#name").fill("会话二");
  await page.locator("#doc_no").fill(idNumber("19700101", 902));
  await page.locator("#phone").fill("1380000");
  await page.locator("#area").selectOption({ index: 1 });
  // It ends on the server as after two idle hours: the account's record of it stays.
  idle(office);
  await press(page.locator("main form"), "保存");
  await sees(page, "您填写的内容没有丢失");
  await page.locator("#username").fill(office.accounts.grid.username);
  await page.locator("#password").fill(office.accounts.grid.password);
  await press(page.locator("main form"), "登录");
  await press(page.locator("main form"), "继续提交");
  // The same form with the same content, and what is wrong with it.
  await sees(page, "有 1 处需要修改");
  assert.equal(await page.locator("#name").inputValue(), "会话二");
  await page.locator("#phone").fill("13800004321");
  await press(page.locator("main form"), "保存");
  await sees(page, "会话二");
  assert.equal((await office.api("grid", "/residents?limit=1")).total, before + 1);
});

test("two minutes before the end somebody is warned and stays, by keyboard", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const page = await device(browser, office);
  await signIn(page, office.accounts.clerk);
  await page.clock.install();
  await page.goto("/residents/new");
  const idle = Number(await page.locator("body").getAttribute("data-idle"));
  assert.ok(idle > 1700 && idle <= 1800, `${idle} s`);
  await page.clock.fastForward((idle - 150) * 1000);
  assert.equal(await page.locator("dialog[open]").count(), 0, "warned too early");
  await page.clock.fastForward(31_000);
  const dialog = page.locator("dialog[open]");
  await dialog.waitFor();
  const asked = page.waitForRequest((request) => request.url().endsWith("/me"));
  // The button has the focus: Enter stays, the form is as it was.
  await page.keyboard.press("Enter");
  assert.equal((await (await asked).response()).status(), 200);
  await dialog.waitFor({ state: "detached" });
  // And warns again before the next end.
  await page.clock.fastForward((idle - 110) * 1000);
  await page.locator("dialog[open]").waitFor();
  assert.deepEqual(page.complaints, []);
});

test("what an input method composes is neither sent nor checked", async (t) => {
  const office = await Office.demo().serve();
  const browser = await launch();
  t.after(async () => { await browser.close(); await office.close(); });
  const page = await device(browser, office, { width: 375 });
  await signIn(page, office.accounts.grid);
  await page.goto("/residents/new");
  await ready(page);
  const wire = await page.context().newCDPSession(page);
  const posted = [];
  page.on("request", (request) => { if (request.method() === "POST") posted.push(request.url()); });
  const compose = (text) => wire.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
  const enter = async () => {
    for (const type of ["rawKeyDown", "keyUp"]) await wire.send("Input.dispatchKeyEvent", { type, windowsVirtualKeyCode: 229, key: "Process", code: "Enter" });
  };
  await page.locator("#name").focus();
  await compose("zhang");
  await enter();
  await wire.send("Input.insertText", { text: "张三" });
  assert.equal(await page.locator("#name").inputValue(), "张三");
  // The number is checked when it is there, not while it is being composed.
  const number = idNumber("19490101", 1);
  await page.locator("#doc_no").focus();
  await compose(number);
  assert.equal(await page.locator("#doc_no-said").innerText(), "");
  await wire.send("Input.insertText", { text: number });
  await page.getByText("校验通过").waitFor();
  assert.deepEqual(await boxes(page), ["1949", "1", "1"]);
  // A date of birth as it is pasted fills its three boxes; one that somebody
  // types is left alone until its end is known.
  for (const text of ["20261005", "2026-10-5", "2026年10月5日"]) {
    await page.locator("#name").fill(text);
    await page.locator("#name").press("Control+A");
    await page.locator("#name").press("Control+C");
    await page.locator("#birth_on").fill("");
    await page.locator("#birth_on").press("Control+V");
    assert.deepEqual(await boxes(page), ["2026", "10", "5"], text);
  }
  await page.locator("#birth_on").fill("");
  await page.locator("#birth_on").pressSequentially("2026-10-15");
  assert.equal((await boxes(page))[0], "2026-10-15");
  await page.locator("#name").focus();
  assert.deepEqual(await boxes(page), ["2026", "10", "15"]);
  await page.locator("#doc_no-said.error").waitFor();
  // A single key that is a shortcut elsewhere stays text in a field.
  await page.locator("#name").focus();
  await compose("g");
  await compose("gh");
  await wire.send("Input.insertText", { text: "郭" });
  assert.equal(new URL(page.url()).pathname, "/residents/new");
  assert.deepEqual(posted, []);
  assert.deepEqual(page.complaints, []);
});
