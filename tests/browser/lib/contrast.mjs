// The contrasts of the style sheet's own colours, computed from its text.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./office.mjs";

const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

function luminance(colour) {
  const hex = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit).join("") : colour.slice(1);
  const [red, green, blue] = hex.match(/../g).map((pair) => channel(parseInt(pair, 16) / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The contrast of two colours (WCAG 2.2): 1 to 21. */
export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** Text needs 4.5, what only has to be seen 3; one line for each that has less. */
export function contrasts() {
  const css = readFileSync(join(ROOT, "src/web/static/app.css"), "utf8");
  const token = Object.fromEntries([...css.matchAll(/--([\w-]+): (#[0-9A-Fa-f]{3,6});/g)].map(([, name, value]) => [name, value]));
  const pairs = [
    ["text", "page", 4.5], ["text", "surface", 4.5], ["text-2", "surface", 4.5], ["text-2", "page", 4.5], ["placeholder", "surface", 4.5],
    ["brand", "surface", 4.5], ["brand", "page", 4.5], ["brand-dark", "surface", 4.5], ["danger", "surface", 4.5], ["danger", "danger-tint", 4.5],
    ["menu-text", "menu", 4.5], ["input", "surface", 3], ["input", "page", 3], ["focus", "focus-inner", 3],
  ].map(([one, other, least]) => [`${one} on ${other}`, token[one], token[other], least]);
  // Tags, notes, chips: a rule that gives both text and ground.
  for (const [, name, body] of css.matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    const value = (property) => {
      const found = new RegExp(`(?:^|[;\\s])${property}: ?(#[0-9A-Fa-f]{3,6}|var\\(--([\\w-]+)\\))`).exec(body);
      return found && (found[2] ? token[found[2]] : found[1]);
    };
    const [text, ground] = [value("color"), value("background")];
    if (text && ground) pairs.push([name.trim(), text, ground, 4.5]);
  }
  // Bars of a chart stand on white.
  for (const [, colour] of css.matchAll(/fill: (#[0-9A-Fa-f]{6})/g)) pairs.push([`chart ${colour}`, colour, "#FFFFFF", 3]);
  const wrong = [];
  for (const [name, one, other, least] of pairs) {
    if (!one || !other) wrong.push(`${name}: no such colour in app.css`);
    else if (contrast(one, other) < least) wrong.push(`${name}: contrast ${contrast(one, other).toFixed(1)}, needs ${least}`);
  }
  return { count: pairs.length, wrong };
}
