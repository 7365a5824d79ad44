// What a page must bear: larger spacing of its text, a window of 320 px, fewer
// colours, a finger, paper.

/** Spacing that a reader may ask for (WCAG 1.4.12). */
const SPACED = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }";

/** No text is cut off with the spacing of WCAG 1.4.12. */
export async function textSpacing(page) {
  return page.evaluate((css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    const before = document.adoptedStyleSheets;
    document.adoptedStyleSheets = [...before, sheet];
    const cut = [...document.querySelectorAll("body *")].filter((element) => {
      if (element.matches(".hidden, .hidden *, select, input, textarea, svg, svg *, progress") || !element.innerText?.trim()) return false;
      const style = getComputedStyle(element);
      const hidden = (value) => value === "hidden" || value === "clip";
      const wide = hidden(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
      const tall = hidden(style.overflowY) && element.scrollHeight > element.clientHeight + 1;
      return (wide || tall) && element.checkVisibility();
    });
    // A button grows with its text.
    for (const button of document.querySelectorAll("button, .button")) {
      if (button.checkVisibility() && button.scrollWidth > button.clientWidth + 1) cut.push(button);
    }
    document.adoptedStyleSheets = before;
    return cut.slice(0, 3).map((element) => `cut off with wider spacing: ${element.tagName.toLowerCase()}.${element.className} "${element.innerText.trim().slice(0, 20)}"`);
  }, SPACED);
}

/** At 320 px (or 400 % zoom) only a table's own box scrolls sideways. */
export async function reflow(page) {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 320, height: before.height });
  const wide = await page.evaluate(() => {
    // The scripts hear of the new width in the next frame.
    dispatchEvent(new Event("resize"));
    if (document.documentElement.scrollWidth <= 320) return "";
    const inside = (e) => e.closest(".table-scroll, .document, figure, pre");
    const out = [...document.body.querySelectorAll("*")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > 321 && !inside(e));
    return out.slice(0, 3).map((e) => `${e.tagName.toLowerCase()}.${e.className}`).join(" | ") || "?";
  });
  await page.setViewportSize(before);
  return wide ? [`wider than 320 px: ${wide}`] : [];
}

/** On a phone what is pressed is as high as a finger: 44 px. */
export const targets = (page) =>
  page.evaluate(() => {
    const pressed = ".bottom a, main button, main .button, main select, main textarea, main summary, main .choice, main input:not([type=radio], [type=checkbox], [type=hidden], [type=file])";
    const low = [...document.querySelectorAll(pressed)].filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 43.5);
    return low.slice(0, 3).map((e) => `lower than 44 px: ${e.tagName.toLowerCase()}.${e.className} "${(e.innerText || e.name || "").trim().slice(0, 20)}" ${Math.round(e.getBoundingClientRect().height)}`);
  });

/** Without colours and without motion: what only colour showed has a border, nothing moves. */
export async function fewerColours(page) {
  await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  const wrong = await page.evaluate(() => {
    const found = [];
    const bordered = "button:not(.link, .sort), .button, input:not([type=radio], [type=checkbox], [type=file], [type=hidden]), select, textarea, .tag, .side [aria-current], .bottom [aria-current], .error-summary, .flash, .note, .notice";
    for (const element of document.querySelectorAll(bordered)) {
      if (!element.checkVisibility()) continue;
      const style = getComputedStyle(element);
      const borders = ["Top", "Right", "Bottom", "Left"].filter((side) => style[`border${side}Style`] !== "none" && parseFloat(style[`border${side}Width`]) > 0);
      if (!borders.length) found.push(`no border without colours: ${element.tagName.toLowerCase()}.${element.className}`);
    }
    const moving = document.getAnimations().length;
    if (moving) found.push(`${moving} animations although motion is not wanted`);
    return [...new Set(found)].slice(0, 3);
  });
  await page.emulateMedia({ forcedColors: null, reducedMotion: null });
  return wrong;
}

/** Paper: A4 across is 277 mm between its margins. */
const SHEET = { landscape: 1047, portrait: 718 };

/**
 * A page as it is printed: fits its sheet without being made smaller, no type
 * below 8 pt, no controls. Returns what is wrong.
 */
export async function onPaper(page) {
  const before = page.viewportSize();
  const across = await page.locator(".landscape").count();
  const width = across ? SHEET.landscape : SHEET.portrait;
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width, height: 900 });
  const wrong = await page.evaluate((width) => {
    const found = [];
    if (document.documentElement.scrollWidth > width + 1) found.push(`${document.documentElement.scrollWidth} px wide on a sheet of ${width}`);
    const small = [...document.querySelectorAll("th, td, main p, .footer, .above")].find((e) => e.checkVisibility() && parseFloat(getComputedStyle(e).fontSize) < 10.6);
    if (small) found.push(`type of ${(parseFloat(getComputedStyle(small).fontSize) * 0.75).toFixed(1)} pt: ${small.innerText.slice(0, 20)}`);
    const control = [...document.querySelectorAll("button, form, nav, .toolbar")].find((e) => e.checkVisibility() && e.getClientRects().length);
    if (control) found.push(`printed: ${control.tagName.toLowerCase()}.${control.className}`);
    return found;
  }, width);
  await page.setViewportSize(before);
  await page.emulateMedia({ media: null });
  return wrong;
}
