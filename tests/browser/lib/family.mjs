// A family of four, as a grid worker enters it on a phone: taps are counted,
// what the network or a dead battery interrupts is found again and finished.
import assert from "node:assert/strict";

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** A valid number of the unassigned region 320899. */
export function idNumber(born, serial) {
  const body = `320899${born}${String(serial).padStart(3, "0")}`;
  const sum = [...body].reduce((total, digit, at) => total + Number(digit) * WEIGHTS[at], 0);
  return body + "10X98765432"[sum % 11];
}

const BORN = ["19620305", "19640718", "19900121", "20150609"];
const RELATIONS = [null, "11", "31", "41"];

/** The `n`th family: its door, and four people, the head first. */
export const family = (n) => ({
  address: `试验路${Math.floor(n / 90) + 1}号${(n % 90) + 1}幢1单元101室`,
  people: BORN.map((born, at) => ({
    name: `${"赵钱孙李周吴郑王冯陈"[n % 10]}${"甲乙丙丁"[at]}${"一二三四五六七八九十"[Math.floor(n / 10) % 10]}`,
    number: idNumber(born, (n * 4 + at) % 1000),
    phone: `138${String(10_000_000 + n * 4 + at)}`,
    relation: RELATIONS[at],
  })),
});

/** A finger that counts. */
export class Finger {
  constructor(page) {
    this.page = page;
    this.taps = 0;
    this.pause = 0;
    /** Numbers of the forms that were sent away with a tap, by person. */
    this.sent = new Map();
  }

  async rest() {
    if (this.pause) await this.page.waitForTimeout(Math.random() * this.pause);
  }

  async type(selector, text) {
    await this.rest();
    this.taps += 1;
    await this.page.locator(selector).fill(text);
  }

  /** A list opens with one tap and closes with another. */
  async choose(selector, option) {
    const list = this.page.locator(selector);
    await this.rest();
    if ((await list.inputValue()) === option.value) return;
    this.taps += 2;
    await list.selectOption(option);
  }

  async tap(selector) {
    await this.rest();
    this.taps += 1;
    await this.page.locator(selector).click();
  }
}

/** The scripts have looked at what is stored. */
export const ready = (page) => page.waitForFunction(() => document.documentElement.dataset.drafts);

/** The blank forms lie on the device. */
export async function armed(page) {
  await ready(page);
  for (const shell of ["/shell/households/new", "/shell/households/member", "/shell/residents/new", "/shell/outbox"]) {
    const end = Date.now() + 15_000;
    while (!(await page.evaluate((path) => caches.match(path).then(Boolean), shell))) {
      assert.ok(Date.now() < end, `${shell} is not on the device`);
      await page.waitForTimeout(100);
    }
  }
}

/** Fills the form that is open for somebody; fields that hold it stay. */
export async function fillPerson(finger, person) {
  const { page } = finger;
  if (person.relation) await finger.choose("#relation", { value: person.relation });
  await finger.type("#name", person.name);
  await finger.type("#doc_no", person.number);
  await finger.type("#phone", person.phone);
  if (!(await page.locator("#area").inputValue())) await finger.choose("#area", { index: 1 });
}

/** Presses "save" and notes the form's number once the tap is taken. */
async function send(finger, person, button) {
  const draft = await finger.page.locator("form[data-draft-form] input[name=draft]").inputValue();
  const before = finger.page.url();
  await finger.tap(button);
  // Whatever comes next: the next form, the record, the outbox.
  await finger.page.waitForURL((url) => String(url) !== before, { timeout: 40_000 });
  finger.sent.set(person.name, draft);
}

/** The household with its head. */
export async function enterHome(finger, family) {
  await finger.type("#address", family.address);
  await fillPerson(finger, family.people[0]);
  await send(finger, family.people[0], "#save-next");
}

/** The member whose form is open. */
export async function enterMember(finger, person, isLast) {
  await finger.page.locator("#member-form").waitFor();
  await fillPerson(finger, person);
  if (!isLast) {
    // The next form has the same address: it is new when its name is empty.
    const draft = await finger.page.locator("input[name=draft]").first().inputValue();
    await finger.tap("#save-next");
    await finger.page.waitForFunction(
      (old) => {
        const field = document.querySelector("#member-form input[name=draft]");
        return field && field.value && field.value !== old && !document.getElementById("name").value;
      },
      draft, { timeout: 40_000 },
    );
    finger.sent.set(person.name, draft);
    return;
  }
  await send(finger, person, "#save");
}

/** The whole family, one form after the other, from the home page on. */
export async function enterFamily(finger, family) {
  await finger.tap("main a[href='/households/new']");
  await ready(finger.page);
  await enterHome(finger, family);
  for (const [at, person] of family.people.slice(1).entries()) {
    await enterMember(finger, person, at === 2);
  }
}

/** Waits on the outbox's page until nothing waits to be sent. */
export async function drained(page) {
  const end = Date.now() + 60_000;
  for (;;) {
    await page.goto("/outbox");
    await ready(page);
    const states = await page.locator("#outbox-list li").evaluateAll((rows) => rows.map((row) => row.dataset.state));
    if (!states.some((state) => ["queued", "login"].includes(state))) return states;
    assert.ok(Date.now() < end, `the outbox does not empty: ${states}`);
    await page.waitForTimeout(500);
  }
}
