// A page on paper, through the browser's own printing.
import { execFileSync } from "node:child_process";

/** Writes the page as a PDF. */
export const pdf = (page, path) => page.pdf({ path, preferCSSPageSize: true, printBackground: true });

const text = (path) => execFileSync("pdftotext", ["-layout", path, "-"], { encoding: "utf8", maxBuffer: 64 << 20 });

/** Chinese signs and digits, whatever spaces stand between them. */
const bare = (said) => said.replaceAll(/\s/g, "");

/**
 * The sheets of a report: none empty, a new one for each part, the head of the
 * table on every one, the last row's figures as on the screen.
 */
export async function sheets(page, path) {
  const screen = await page.evaluate(() => {
    const tables = [...document.querySelectorAll("table")].filter((table) => table.checkVisibility());
    const last = [...document.querySelectorAll("tr.t")].at(-1) ?? tables[0]?.querySelector("tbody tr:last-child");
    return {
      title: document.querySelector("h1").innerText.trim(),
      parts: document.querySelectorAll(".sheet").length,
      heads: tables.map((table) => table.querySelector("thead th")?.innerText.trim().split("\n")[0] ?? ""),
      figures: last ? [...last.cells].map((cell) => cell.innerText.trim()).filter((said) => /^[\d,]+\.\d\d$/.test(said)) : [],
    };
  });
  await pdf(page, path);
  const pages = text(path).split("\f").slice(0, -1);
  const wrong = [];
  if (pages.length < Math.max(screen.parts, 1)) wrong.push(`${pages.length} sheets for ${screen.parts} parts`);
  if (!bare(pages[0] ?? "").includes(bare(screen.title))) wrong.push("the first sheet has no title");
  pages.forEach((said, at) => {
    if (bare(said).length < 20) wrong.push(`sheet ${at + 1} is empty`);
    // Below the last table only its notes and the signatures may go on alone.
    else if (at < pages.length - 1 && screen.heads.length && !screen.heads.some((head) => bare(said).includes(bare(head)))) wrong.push(`sheet ${at + 1} has no head`);
  });
  const all = bare(pages.join(""));
  for (const figure of screen.figures) if (!all.includes(figure)) wrong.push(`the total ${figure} is not on paper`);
  return { count: pages.length, wrong };
}
