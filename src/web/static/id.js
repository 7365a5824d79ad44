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

  globalThis.citizenId = { check, normal };
  if (typeof document === "undefined") return;

  const input = document.getElementById("doc_no");
  const said = document.getElementById("doc_no-said");
  if (!input || !said || !input.form) return;
  const { birth_on: birth, sex, doc_kind: kind } = input.form.elements;
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
  for (const other of [birth, sex, kind]) if (other) other.addEventListener("change", look);
})();
