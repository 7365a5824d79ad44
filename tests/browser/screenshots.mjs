// node screenshots.mjs FOLDER: every page × role × {zh, en} × {375, 1366}, and
// what is printed, for looking at.
import { mkdirSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { device, launch, signIn } from "./lib/browser.mjs";
import { findPages, prepare, ROLES } from "./lib/pages.mjs";
import { Office } from "./lib/office.mjs";

const folder = process.argv[2];
const roles = process.env.ROLES?.split(" ").filter(Boolean) ?? ROLES;
mkdirSync(folder, { recursive: true });
const office = await Office.demo().serve();
const browser = await launch();
let count = 0;

const PRINTED = [
  ["clerk", "/reports/monthly?month=2023-11"], ["clerk", "/reports/roll?month=2023-11"], ["clerk", "/reports/notice?month=2023-11"],
  ["clerk", "/reports/annual?month=2023-11"], ["clerk", "/reports/population?from=2023-01&to=2023-11"],
];

try {
  await prepare(browser, office);
  for (const role of roles) {
    let pages;
    for (const lang of ["zh", "en"]) {
      const page = await device(browser, office, { lang });
      await signIn(page, office.accounts[role]);
      pages ??= await findPages(page, office, office.accounts[role]);
      for (const width of [375, 1366]) {
        await page.setViewportSize({ width, height: width < 600 ? 740 : 900 });
        for (const [pattern, path] of pages) {
          await page.goto(path);
          const name = `${role}_${pattern.replaceAll("/", "-").replaceAll("{}", "x").slice(1)}_${lang}_${width}.png`;
          await page.screenshot({ path: join(folder, name), fullPage: true });
          count += 1;
        }
      }
      await page.context().close();
    }
  }
  for (const [role, path] of PRINTED) {
    const page = await device(browser, office);
    await signIn(page, office.accounts[role]);
    await page.goto(path);
    const name = join(folder, `print_${path.split("?")[0].replaceAll("/", "-").slice(1)}`);
    await page.pdf({ path: `${name}.pdf`, preferCSSPageSize: true, printBackground: true });
    execFileSync("pdftoppm", ["-r", "70", "-png", `${name}.pdf`, name]);
    await page.context().close();
    count += 1;
  }
  console.log(`${count} in ${folder}`);
} finally {
  await browser.close();
  await office.close();
}
