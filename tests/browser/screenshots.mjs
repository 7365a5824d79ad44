// node screenshots.mjs FOLDER: every page × role × {zh, en} × {375, 1366}, and
// what is printed, for looking at. ROLES, LANGS, WIDTHS, ONLY (a part of a
// path) narrow it.
import { mkdirSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { device, launch, openConfirmed } from "./lib/browser.mjs";
import { findPages, prepare, printed, ROLES, visitors } from "./lib/pages.mjs";
import { Office } from "./lib/office.mjs";
import { pdf } from "./lib/print.mjs";

const folder = process.argv[2];
const listed = (name, otherwise) => process.env[name]?.split(" ").filter(Boolean) ?? otherwise;
const [roles, langs, widths] = [listed("ROLES", ROLES), listed("LANGS", ["zh", "en"]), listed("WIDTHS", ["375", "1366"]).map(Number)];
const only = process.env.ONLY ?? "";
mkdirSync(folder, { recursive: true });
const office = await Office.demo().serve();
const browser = await launch();
let count = 0;

const named = (path) => path.replaceAll("/", "-").replaceAll("{}", "x").replaceAll(/[?&=]+/g, "_").slice(1);

async function shoot(page, name, width) {
  await page.setViewportSize({ width, height: width < 600 ? 740 : 900 });
  await page.screenshot({ path: join(folder, `${name}_${width}.png`), fullPage: true });
  count += 1;
}

try {
  await prepare(browser, office);
  const visit = visitors(browser, office);
  for (const role of roles) {
    let pages;
    for (const lang of langs) {
      const page = await visit(role, { lang });
      pages ??= await findPages(page, office, 4);
      for (const [pattern, path] of [...pages, ["/nothing", "/nothing"]]) {
        if (!pattern.includes(only)) continue;
        await page.goto(path);
        if (page.url().includes("/me/confirm")) await openConfirmed(page, path, office.accounts[role]);
        for (const width of widths) await shoot(page, `${role}_${named(pattern)}_${lang}`, width);
      }
      await page.context().close();
    }
  }
  const outside = await device(browser, office);
  await outside.goto("/login");
  for (const width of widths) await shoot(outside, "nobody_login_zh", width);
  const paper = await visit("clerk");
  for (const path of await printed(paper, office)) {
    if (!path.includes(only)) continue;
    await paper.goto(path);
    const name = join(folder, `print_${named(path)}`);
    await pdf(paper, `${name}.pdf`);
    execFileSync("pdftoppm", ["-r", "80", "-png", `${name}.pdf`, name]);
    count += 1;
  }
  console.log(`${count} in ${folder}`);
} finally {
  await browser.close();
  await office.close();
}
