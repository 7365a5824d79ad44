// What every page is held to: `axe` (WCAG 2.2 AA), the keyboard, its looks, the
// language of its texts, and how a form says what is wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { walk } from "./keyboard.mjs";
import { fewerColours, reflow, targets, textSpacing } from "./looks.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Punctuation, which the pages print full-width. */
const SIGNS = /[，：；！？（）,:;!?()\s]/g;
/** What the program says in Chinese, as far as it has a Chinese sign in it. */
const CATALOGUE = [...readFileSync(new URL("../../../src/web/locales/zh-CN.toml", import.meta.url), "utf8").matchAll(/^\w+ = "(.*)"$/gm)]
  .map(([, said]) => said).filter((said) => /[\u3400-\u9fff]/.test(said) && !["简体中文"].includes(said)).map((said) => said.replace(SIGNS, ""));
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

/** The page's language, no key or placeholder left, no Chinese in English texts. */
export async function language(page, lang) {
  return page.evaluate(({ lang, catalogue, signs }) => {
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
        if (own.has(said.replace(new RegExp(signs, "g"), "")) && !texts.currentNode.parentElement.closest("[lang^=zh], td, tbody th, option, dd")) wrong.push(`not translated: ${said}`);
      }
    }
    return [...new Set(wrong)].slice(0, 5);
  }, { lang, catalogue: CATALOGUE, signs: SIGNS.source });
}

/**
 * Everything that one load of a page can tell. `most`: how many controls the
 * keyboard's walk looks at.
 */
export async function examine(page, lang, width, most) {
  return [
    ...(await language(page, lang)),
    ...(await walk(page, most)),
    ...(width < 600 ? await targets(page) : []),
    ...(await textSpacing(page)),
    ...(await fewerColours(page)),
    ...(await reflow(page)),
    ...(await axe(page)),
  ];
}

/**
 * Empties a form's required fields and sends it: the summary has the focus,
 * each of its links leads to a field that is marked and takes the focus, the
 * title says so, what else was typed is still there. Returns what is wrong;
 * nothing if the page has no such form.
 */
export async function errorFlow(page) {
  const form = page.locator('main form[method="post"][novalidate]:has(.star)').first();
  if (!(await form.count()) || page.url().includes("/me/totp")) return [];
  const kept = await form.evaluate((element) => {
    let kept = "";
    for (const field of element.elements) {
      if (field.type === "hidden") continue;
      const required = element.querySelector(`label[for="${field.id}"] .star`);
      if (field.type === "radio" || field.type === "checkbox") field.checked = false;
      else if ((field.type === "text" || field.type === "textarea") && !required && !kept) {
        kept = field.name;
        field.value = "留着";
      } else if (field.tagName !== "SELECT" && field.tagName !== "BUTTON" && field.tagName !== "FIELDSET" && field.type !== "file") field.value = "";
    }
    return kept;
  });
  await form.evaluate((element) => { const box = element.closest("details"); if (box) box.open = true; });
  await Promise.all([page.waitForNavigation({ timeout: 5000 }), form.locator("button:not([type=button])").last().click()]);
  // The password is asked for first: nothing was sent.
  if (page.url().includes("/me/confirm")) return [];
  return page.evaluate((kept) => {
    const summary = document.getElementById("error-summary");
    if (!summary) return ["an empty form is taken, or refused without a summary"];
    const wrong = [];
    if (document.activeElement !== summary) wrong.push("the summary has no focus");
    if (!/^(错误：|Error: )/.test(document.title)) wrong.push(`the title is ${document.title}`);
    for (const link of summary.querySelectorAll("a")) {
      const field = document.getElementById(link.hash.slice(1));
      if (!field) { wrong.push(`a link to nothing: ${link.hash}`); continue; }
      const marked = field.getAttribute("aria-invalid") === "true" || field.tagName === "FIELDSET" || field.querySelector("[aria-invalid]") || field.classList.contains("error") || field.type === "file";
      if (!marked) wrong.push(`not marked: ${link.hash}`);
      link.click();
      if (document.activeElement === document.body || document.activeElement === link) wrong.push(`takes no focus: ${link.hash}`);
    }
    const field = kept && document.getElementsByName(kept)[0];
    if (kept && field?.value !== "留着") wrong.push(`what was typed is gone: ${kept}`);
    return wrong;
  }, kept);
}
