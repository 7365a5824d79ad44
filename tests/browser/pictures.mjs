// node pictures.mjs FOLDER: the eight pictures of the README.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./lib/browser.mjs";
import { prepare, visitors } from "./lib/pages.mjs";
import { Office } from "./lib/office.mjs";

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
const office = await Office.demo().serve();
const browser = await launch();
const PHONE = { width: 375, height: 720 };
const DESK = { width: 1180, height: 720 };

/** Follows the first link of a table. */
const first = async (page, list, row = 0) => page.goto(await page.goto(list).then(() => page.locator("tbody th a").nth(row).getAttribute("href")));

const PICTURES = [
  ["home-phone", "grid", PHONE, (page) => page.goto("/home")],
  ["residents-phone", "grid", PHONE, async (page) => {
    await page.goto("/residents");
    await page.locator(".table-scroll").evaluate((table) => scrollTo(0, table.offsetTop - 180));
  }],
  ["member-phone", "grid", PHONE, async (page) => {
    await page.goto("/residents/new");
    await page.locator("#name").fill("欧阳春生");
    await page.locator("#doc_no").pressSequentially("320899194901010010");
    await page.locator("#doc_no").evaluate((field) => scrollTo(0, field.offsetTop - 260));
  }],
  ["resident", "clerk", DESK, (page) => first(page, "/residents", 1)],
  ["run", "clerk", DESK, async (page) => {
    await first(page, "/runs?month=2023-11", 1);
  }],
  ["line", "clerk", DESK, async (page) => {
    await page.goto("/runs?month=2023-11");
    const run = await page.locator("tbody th a").nth(1).getAttribute("href");
    await first(page, `${run}/lines`, 0);
  }],
  ["monthly", "clerk", { width: 1366, height: 620 }, (page) => page.goto("/reports/monthly?month=2023-11")],
  ["dashboard", "approver", DESK, (page) => page.goto("/dashboards?month=2023-11")],
];

try {
  await prepare(browser, office);
  const visit = visitors(browser, office);
  for (const [name, role, size, open] of PICTURES) {
    const page = await visit(role);
    await page.setViewportSize(size);
    await open(page);
    const path = join(folder, `${name}.png`);
    await page.screenshot({ path });
    console.log(`${path} ${Math.round(statSync(path).size / 1024)} kB`);
    await page.context().close();
  }
} finally {
  await browser.close();
  await office.close();
}
