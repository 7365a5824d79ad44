// The check of an ID number, as domain/citizen_id.rs does it; both are held to
// tests/vectors/citizen_id.json. Fills date of birth and sex as the eighteenth
// character is typed.
"use strict";
(() => {
  const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

  /** Full-width to plain, no spaces or hyphens, X in capitals. */
  const normal = (text) => text.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();

  /** {birth, sex} of a good number, {error} of a bad one. `today`: YYYY-MM-DD. */
  const check = (text, today) => {
    const number = normal(text);
    if (number.length !== 18) return { error: "length" };
    if (!/^[0-9]{17}[0-9X]$/.test(number)) return { error: "charset" };
    const birth = `${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`;
    const day = new Date(birth + "T00:00:00Z");
    if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== birth) return { error: "date" };
    if (birth < "1900-01-01") return { error: "too_early" };
    if (birth > today) return { error: "future" };
    const sum = WEIGHTS.reduce((sum, weight, at) => sum + weight * Number(number[at]), 0);
    if ("10X98765432"[sum % 11] !== number[17]) return { error: "checksum" };
    return { birth, sex: Number(number[16]) % 2 === 1 ? "1" : "2" };
  };

  /** [year, month, day] of a whole date as people write it, or null. */
  const parts = (text) => {
    const plain = text.normalize("NFKC").trim();
    const found = plain.match(/^(\d{4})(\d\d)(\d\d)$/) || plain.match(/^(\d{4})\s*[-/.年\s]\s*(\d{1,2})\s*[-/.月\s]\s*(\d{1,2})\s*日?$/);
    return found && found.slice(1).map(Number);
  };

  globalThis.citizenId = { check, normal, parts };
  if (typeof document === "undefined") return;

  // A whole date that was pasted or typed into the box of the year fills all three.
  for (const boxes of document.querySelectorAll("[data-date-boxes]")) {
    const [year, ...rest] = boxes.querySelectorAll("input");
    const split = () => {
      const found = parts(year.value);
      if (!found) return;
      [year, ...rest].forEach((box, at) => { box.value = found[at]; });
      rest[1].dispatchEvent(new Event("change", { bubbles: true }));
    };
    // While a date with marks is typed its end is not known: 2026-10-1, or 2026-10-15.
    year.addEventListener("input", (event) => {
      if (event.inputType === "insertFromPaste" || !event.isComposing && /\d{8}$|日$/.test(year.value)) split();
    });
    year.addEventListener("change", split);
  }

  const input = document.getElementById("doc_no");
  const said = document.getElementById("doc_no-said");
  if (!input || !said || !input.form) return;
  const { sex, doc_kind: kind, birth_on: year, birth_on_month: month, birth_on_day: day } = input.form.elements;
  /** The date in the three boxes, in one form. */
  const birth = year && {
    get value() {
      const found = parts([year, month, day].map((box) => box.value.trim()).filter(Boolean).join("-"));
      return found ? found.map((part) => String(part).padStart(2, "0")).join("-") : [year, month, day].map((box) => box.value).join("");
    },
    set value(text) { text.split("-").forEach((part, at) => { [year, month, day][at].value = Number(part); }); },
  };
  const words = said.dataset;
  let filled = { birth: "", sex: "" };
  const look = () => {
    const number = normal(input.value);
    const ours = !kind || ["111", "112", "113", "553"].includes(kind.value) || /^8[123]/.test(number);
    if (number.length !== 18 || !ours) { said.textContent = ""; said.className = "said"; return; }
    const found = check(number, new Date().toISOString().slice(0, 10));
    if (found.error) {
      said.textContent = words[found.error] || words.checksum;
      said.className = "said error";
      return;
    }
    // What somebody typed stays; what came from the number before does not.
    if (birth && (birth.value === "" || birth.value === filled.birth)) birth.value = found.birth;
    if (sex && (sex.value === "" || sex.value === filled.sex)) sex.value = found.sex;
    filled = found;
    const differs = (birth && birth.value !== found.birth) || (sex && sex.value !== found.sex);
    said.className = differs ? "said error" : "said";
    said.textContent = differs ? words.differs
      : words.good.replace("{birth}", found.birth).replace("{sex}", found.sex === "1" ? words.male : words.female);
  };
  input.addEventListener("input", (event) => { if (!event.isComposing) look(); });
  input.addEventListener("compositionend", look);
  for (const other of [year, month, day, sex, kind]) if (other) other.addEventListener("change", look);
})();
