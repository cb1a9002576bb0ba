// Before and after in one picture, with a divider that a range moves; or side by side.

function start(tools) {
  const compare = document.getElementById(tools.dataset.compare);
  const after = compare.querySelector(".after");
  const divider = compare.querySelector(".divider");
  const range = tools.querySelector("input[type=range]");
  const beside = tools.querySelector("[data-beside]");

  const show = () => {
    const isStacked = !beside.checked;
    compare.classList.toggle("stacked", isStacked);
    range.disabled = !isStacked;
    after.style.clipPath = isStacked ? `inset(0 0 0 ${range.value}%)` : "";
    divider.style.left = `${range.value}%`;
    range.setAttribute("aria-valuetext", range.dataset.text.replace("{}", range.value));
  };
  const follow = (event) => {
    const frame = compare.getBoundingClientRect();
    range.value = String(Math.round(100 * (event.clientX - frame.left) / frame.width));
    show();
  };
  range.addEventListener("input", show);
  beside.addEventListener("change", show);
  compare.addEventListener("pointerdown", (event) => {
    if (beside.checked || event.button !== 0) return;
    event.preventDefault(); // Pictures are not to be dragged away.
    compare.setPointerCapture(event.pointerId);
    follow(event);
  });
  compare.addEventListener("pointermove", (event) => {
    if (!beside.checked && compare.hasPointerCapture(event.pointerId)) follow(event);
  });
  tools.hidden = false;
  show();
}

function startAll(root) {
  for (const tools of root.querySelectorAll("[data-compare]:not([data-started])")) {
    tools.dataset.started = "true";
    start(tools);
  }
}

startAll(document);
document.addEventListener("htmx:load", (event) => startAll(event.detail.elt.parentNode || document));
