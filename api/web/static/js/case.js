// One case a screen: dialogs, and what goes on after a decision.
import { showCaseMap, showCorrectionMap } from "./case_map.js";

const SETTING = "street-issues-open-next";

// Where no script runs, the openers are links to the page with the dialog open.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("a[data-opens]")) event.preventDefault();
});
let standing = false;
for (const dialog of document.querySelectorAll("dialog.decision")) {
  dialog.addEventListener("toggle", () => { if (dialog.open && dialog.id === "correct-dialog") showCorrectionMap(dialog); });
  dialog.addEventListener("close", () => document.querySelector(`[data-opens="${dialog.id}"]`)?.focus());
  if (dialog.open) {
    dialog.removeAttribute("open");
    window.scrollTo(0, 0); // Its focus, before it was modal, moved the page.
    dialog.showModal();
    standing = true;
  }
}
if (!standing) document.getElementById("problem")?.focus();

// A choice made by its key is where Enter is pressed; the last one asks for words.
document.addEventListener("change", (event) => {
  if (!event.target.matches("dialog input[type=radio]")) return;
  const typed = { known_unit: "unit", other: "merge-number" }[event.target.name];
  if (typed) document.getElementById(typed).value = ""; // What was chosen last counts.
  const then = event.target.dataset.then;
  (then ? document.getElementById(then) : event.target).focus();
});
for (const unit of document.querySelectorAll("#unit, #merge-number")) {
  unit.addEventListener("input", () => {
    for (const one of unit.form.querySelectorAll("[name=known_unit], [name=other]")) one.checked = false;
  });
}

// Whether the next case opens by itself is each operator's own choice.
function readSetting() {
  try { return localStorage.getItem(SETTING) !== "no"; } catch { return true; }
}
function applySetting(opensNext) {
  for (const field of document.querySelectorAll("input[name=then]")) field.value = opensNext ? "next" : "stay";
}
const setting = document.getElementById("open-next");
if (setting) {
  setting.checked = readSetting();
  applySetting(setting.checked);
  setting.addEventListener("change", () => {
    try { localStorage.setItem(SETTING, setting.checked ? "yes" : "no"); } catch { /* Not kept: this page alone */ }
    applySetting(setting.checked);
  });
}

showCaseMap(document.getElementById("case-map"), document.getElementById("near-list"));
