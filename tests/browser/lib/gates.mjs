// What every page is held to: `axe` (WCAG 2.2 AA), reflow at 320 px, the
// language of its texts, and how a form says what is wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** What the program says in Chinese, as far as it has a Chinese sign in it. */
const CATALOGUE = [...readFileSync(new URL("../../../src/web/locales/zh-CN.toml", import.meta.url), "utf8").matchAll(/^\w+ = "(.*)"$/gm)]
  .map(([, said]) => said).filter((said) => /[\u3400-\u9fff]/.test(said) && !["简体中文"].includes(said));
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Serious and critical findings, one text each. */
export async function axe(page) {
  await page.evaluate(AXE);
  const findings = await page.evaluate(async (tags) => {
    const options = { runOnly: tags, rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] };
    const { violations } = await globalThis.axe.run(document, options);
    return violations
      .filter((v) => ["serious", "critical"].includes(v.impact))
      .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join(" | ")}`);
  }, TAGS);
  return findings;
}

/** At 320 px (or 400 % zoom) only a table's own box scrolls sideways. */
export async function reflow(page) {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 320, height: before.height });
  const wide = await page.evaluate(() => {
    if (document.documentElement.scrollWidth <= 320) return "";
    const inside = (e) => e.closest(".table-scroll, .document, figure, pre");
    const out = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > 321 && !inside(e));
    return out.slice(0, 3).map((e) => `${e.tagName.toLowerCase()}.${e.className}`).join(" | ") || "?";
  });
  await page.setViewportSize(before);
  return wide ? [`wider than 320 px: ${wide}`] : [];
}

/** The page's language, no key or placeholder left, no Chinese in English texts. */
export async function language(page, lang) {
  return page.evaluate(({ lang, catalogue }) => {
    const wrong = [];
    const tag = lang === "zh" ? "zh-CN" : "en";
    if (document.documentElement.lang !== tag) wrong.push(`lang is ${document.documentElement.lang}`);
    const shown = document.body.innerText;
    const raw = /\{[a-z_0-9]*\}|\{\{|\?\?\?/.exec(shown);
    if (raw && !location.pathname.startsWith("/api")) wrong.push(`left untranslated: ${raw[0]}`);
    // Data stays as it is stored; what the program says itself is English.
    if (lang === "en") {
      const own = new Set(catalogue);
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const said = texts.currentNode.data.trim();
        if (own.has(said) && !texts.currentNode.parentElement.closest("[lang^=zh], td, tbody th, option, dd")) wrong.push(`not translated: ${said}`);
      }
    }
    return [...new Set(wrong)].slice(0, 5);
  }, { lang, catalogue: CATALOGUE });
}

/**
 * Empties a form's required fields and sends it: the summary has the focus,
 * each of its links leads to a field that is marked, the title says so.
 * Returns what is wrong; nothing if the page has no such form.
 */
export async function errorFlow(page) {
  const form = page.locator('main form[method="post"][novalidate]:has(.star)').first();
  if (!(await form.count()) || page.url().includes("/me/totp")) return [];
  await form.evaluate((element) => {
    for (const field of element.elements) {
      if (field.type === "hidden") continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked = false;
      else if (field.tagName !== "SELECT" && field.tagName !== "BUTTON" && field.tagName !== "FIELDSET" && field.type !== "file") field.value = "";
    }
  });
  await form.evaluate((element) => { const box = element.closest("details"); if (box) box.open = true; });
  await Promise.all([page.waitForNavigation({ timeout: 5000 }), form.locator("button:not([type=button])").last().click()]);
  // The password is asked for first: nothing was sent.
  if (page.url().includes("/me/confirm")) return [];
  return page.evaluate(() => {
    const summary = document.getElementById("error-summary");
    if (!summary) return ["an empty form is taken, or refused without a summary"];
    const wrong = [];
    if (document.activeElement !== summary) wrong.push("the summary has no focus");
    if (!/^(错误:|错误：|Error: ?)/.test(document.title)) wrong.push(`the title is ${document.title}`);
    for (const link of summary.querySelectorAll("a")) {
      const field = document.getElementById(link.hash.slice(1));
      if (!field) { wrong.push(`a link to nothing: ${link.hash}`); continue; }
      const marked = field.getAttribute("aria-invalid") === "true" || field.tagName === "FIELDSET" || field.querySelector("[aria-invalid]") || field.classList.contains("error") || field.type === "file";
      if (!marked) wrong.push(`not marked: ${link.hash}`);
    }
    return wrong;
  });
}
