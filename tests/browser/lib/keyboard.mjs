// The keyboard's way through a page (WCAG 2.1.1, 2.4.3, 2.4.7, 2.4.11).

/** What the Tab key should reach, in the order of the document. */
const collect = () => {
  const found = [];
  const groups = new Set();
  for (const element of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")) {
    if (element.disabled || element.type === "hidden" || element.tabIndex < 0) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.type === "radio" && element.name) {
      // A group is one stop: the one that is checked, otherwise the first.
      const group = [...document.getElementsByName(element.name)].filter((radio) => radio.form === element.form);
      const stop = group.find((radio) => radio.checked) ?? group[0];
      const key = `${[...document.forms].indexOf(element.form)} ${element.name}`;
      if (element !== stop || groups.has(key)) continue;
      groups.add(key);
    }
    found.push(element);
  }
  return found;
};

const say = (element) => {
  const text = (element.innerText || element.value || element.getAttribute("aria-label") || "").trim().slice(0, 20);
  return `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}${text ? ` "${text}"` : ""}`;
};

/**
 * Presses Tab through the page: every control is reached, in the order of the
 * document. Then gives each the focus: its ring shows, and nothing that sticks
 * to the window's edge lies over it. Looks at the first `most` controls.
 */
export async function walk(page, most) {
  const stops = await page.evaluate(`(() => {
    const collect = ${collect};
    const all = collect().slice(0, ${most});
    window.walked = [];
    window.stops = all;
    document.addEventListener("focusin", (event) => window.walked.push(event.target));
    // The parts of a date are stops of their own inside the field.
    return all.reduce((n, e) => n + ({ date: 5, month: 4 }[e.type] ?? 1), 0);
  })()`);
  const keys = await page.context().newCDPSession(page);
  const tab = { key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 };
  const sent = [];
  for (let at = 0; at < stops + 2; at += 1) {
    sent.push(keys.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...tab }), keys.send("Input.dispatchKeyEvent", { type: "keyUp", ...tab }));
  }
  await Promise.all(sent);
  await keys.detach();
  return page.evaluate(`(() => {
    const say = ${say};
    const wrong = [];
    let at = 0;
    for (const stop of window.stops) {
      const next = window.walked.indexOf(stop, at);
      if (next >= 0) { at = next + 1; continue; }
      wrong.push((window.walked.includes(stop) ? "Tab reaches out of order: " : "Tab does not reach: ") + say(stop));
      if (wrong.length > 2) break;
    }
    for (const stop of window.stops) {
      stop.focus();
      const style = getComputedStyle(stop);
      if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) wrong.push("no focus ring: " + say(stop));
      const box = stop.getClientRects()[0];
      if (!box || !box.width) continue;
      // The part of it that is in the window must show somewhere.
      const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
      const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
      const parts = [0.5, 0.2, 0.8];
      const at = parts.flatMap((down) => parts.map((across) => document.elementFromPoint(left + (right - left) * across, top + (bottom - top) * down)));
      const own = (seen) => seen && (stop.contains(seen) || [...(stop.labels ?? [])].some((label) => label.contains(seen)));
      const seen = at[0];
      if (!at.some(own)) wrong.push("the focus is covered: " + say(stop) + " by " + (seen ? say(seen) : "the window's edge"));
    }
    document.activeElement.blur();
    scrollTo(0, 0);
    return wrong.slice(0, 4);
  })()`);
}
