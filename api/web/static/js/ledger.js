// The ledger: filters that answer at once, rows chosen by keyboard, one move for many cases.
const filter = document.getElementById("ledger-filter");
const TICKS = "input[type=checkbox], select";

/** The boxes of the rows that may be chosen. */
function boxes() {
  return [...document.querySelectorAll("#ledger .choose:not(:disabled)")];
}

function chosen() {
  return boxes().filter((one) => one.checked);
}

// ---- Filters -------------------------------------------------------------------------------

document.addEventListener("change", (event) => {
  const form = event.target.closest("#ledger-filter");
  if (form && event.target.matches(TICKS)) {
    showPicked();
    form.requestSubmit();
  } else if (event.target.matches(".choose")) {
    showChosen();
  } else if (event.target.id === "choose-all") {
    chooseAll(event.target.checked);
  } else if (event.target.id === "bulk-move") {
    showFields();
  }
});

document.addEventListener("search", (event) => { // The little cross that empties the field
  if (event.target.id === "q" && !event.target.value) event.target.form.requestSubmit();
}, true);

document.addEventListener("keydown", (event) => {
  const open = document.querySelector(".pick[open]");
  if (event.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
  // Enter on a row's box opens the case; without this it would send the form at the foot.
  if (event.key === "Enter" && event.target.matches?.(".choose")) {
    event.preventDefault();
    event.target.closest("tr").querySelector("a").click();
  }
});

document.addEventListener("click", (event) => {
  for (const one of document.querySelectorAll(".pick[open]")) {
    if (!one.contains(event.target)) one.open = false;
  }
  const tool = event.target.closest?.("#bulk [data-do]");
  if (tool) tools[tool.dataset.do]();
});

function showPicked() {
  for (const one of document.querySelectorAll(".pick")) {
    one.querySelector(".picked").textContent = one.querySelectorAll("input:checked").length || "";
  }
}

/** Write into the filter what the rows were asked for by a heading. */
function followRows() {
  const rows = document.getElementById("ledger");
  if (!rows || !filter.isConnected) return;
  filter.elements.order.value = rows.dataset.order;
  filter.elements.size.value = rows.dataset.size;
  const back = document.querySelector("#bulk [name=back]");
  if (back) back.value = rows.dataset.here;
}

// ---- Rows ----------------------------------------------------------------------------------

const tools = {
  down: () => step(1),
  up: () => step(-1),
  choose: () => {
    const row = document.activeElement?.closest?.("#ledger tbody tr");
    const box = row?.querySelector(".choose:not(:disabled)") || boxes()[0];
    box?.click();
    box?.focus();
  },
  all: () => chooseAll(chosen().length < boxes().length),
};

function step(by) {
  const all = [...document.querySelectorAll("#ledger tbody tr")]
    .map((row) => row.querySelector(".choose:not(:disabled)") || row.querySelector("a"));
  const row = document.activeElement?.closest?.("#ledger tbody tr");
  const at = row ? all.findIndex((one) => row.contains(one)) : by > 0 ? -1 : all.length;
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "center" });
}

function chooseAll(whether) {
  for (const one of boxes()) one.checked = whether;
  showChosen();
}

/** Show how many are chosen, and offer the moves that all of them may make. */
function showChosen() {
  const form = document.getElementById("bulk");
  if (!form) return;
  const some = chosen();
  const all = document.getElementById("choose-all");
  if (all) {
    all.hidden = false;
    all.checked = some.length > 0 && some.length === boxes().length;
    all.indeterminate = some.length > 0 && !all.checked;
  }
  const select = form.elements.move;
  const shared = [...select.options].filter((option) => (
    some.every((one) => one.dataset.moves.split(" ").includes(option.value))
  ));
  for (const option of select.options) {
    option.disabled = option.hidden = some.length > 0 && !shared.includes(option);
  }
  if (shared.length && !shared.includes(select.selectedOptions[0])) select.value = shared[0].value;
  const able = some.length > 0 && shared.length > 0;
  document.getElementById("bulk-go").disabled = !able;
  select.disabled = !able;
  const words = !some.length ? form.dataset.none : shared.length
    ? form.dataset.said.replace("{}", some.length) : form.dataset.different;
  const place = document.getElementById("bulk-count");
  if (place.textContent !== words) place.textContent = words;
  showFields();
}

function showFields() {
  const select = document.getElementById("bulk-move");
  if (!select) return;
  const isDispatch = select.value === "dispatch" && !select.disabled;
  document.getElementById("bulk-unit-field").hidden = !isDispatch;
  document.getElementById("bulk-unit").required = isDispatch;
  document.getElementById("bulk-reason").required = "reason" in (select.selectedOptions[0]?.dataset || {});
}

// ---- What htmx brought ---------------------------------------------------------------------

document.body.addEventListener("htmx:afterSettle", (event) => {
  const target = event.detail.target;
  if (target.id === "bulk-result") showResult(target);
  else if (document.getElementById("ledger")) showRows();
});

/** Whether the rows come anew because cases were moved; else what came of that is put away. */
let keepsResult = false;

function showRows() {
  if (!keepsResult) document.getElementById("bulk-result").hidden = true;
  keepsResult = false;
  followRows();
  showChosen();
  const count = document.getElementById("ledger-count");
  document.getElementById("ledger-said").textContent = count.textContent.replace(/\s+/g, " ");
  // The link that was pressed may be gone, such as "next" on the last page.
  if (document.activeElement === document.body) count.focus({ preventScroll: true });
}

function showResult(place) {
  place.hidden = false;
  place.scrollIntoView({ block: "start" });
  place.focus({ preventScroll: true }); // A screen reader says its name, which is the heading.
  place.setAttribute("aria-label", place.querySelector("h2").textContent);
  document.getElementById("bulk").elements.reason.value = "";
  keepsResult = true;
  const here = document.getElementById("ledger").dataset.here;
  window.htmx.ajax("GET", here, { target: "#ledger", swap: "outerHTML" });
}

showPicked();
showChosen();
