"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const folds = [...document.querySelectorAll("details")];
  // Paper cannot be unfolded.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = folds.filter((one) => !one.open);
    opened.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));

  const form = document.getElementById("filters");
  if (!form) return;
  const list = document.getElementById("cards");
  const cards = [...list.children];
  const bars = new Map();
  for (const bar of document.querySelectorAll("a[data-card]")) {
    const of = bars.get(bar.dataset.card) ?? [];
    bars.set(bar.dataset.card, [...of, bar]);
  }
  const number = (name) => (one) => Number(one.dataset[name]);
  const orders = {
    score: (a, b) => number("score")(b) - number("score")(a),
    new: (a, b) => number("start")(b) - number("start")(a),
    old: (a, b) => number("start")(a) - number("start")(b),
    long: (a, b) => number("long")(b) - number("long")(a),
    camera: (a, b) => a.dataset.camera.localeCompare(b.dataset.camera) || orders.old(a, b),
  };
  const output = form.querySelector("output");
  const nothing = document.getElementById("nothing");
  let order = "score";

  const apply = () => {
    const chosen = new FormData(form);
    const labels = new Set(chosen.getAll("label"));
    const fits = (one) =>
      labels.has(one.dataset.label) &&
      (!chosen.get("camera") || one.dataset.camera === chosen.get("camera")) &&
      (!chosen.get("day") || one.dataset.day === chosen.get("day")) &&
      number("score")(one) >= Number(chosen.get("score")) &&
      (!chosen.get("open") || one.dataset.state === "open");
    let shown = 0;
    for (const one of cards) {
      one.hidden = !fits(one);
      shown += one.hidden ? 0 : 1;
      for (const bar of bars.get(one.id) ?? []) bar.classList.toggle("dim", one.hidden);
    }
    if (chosen.get("order") !== order) {
      order = chosen.get("order");
      cards.sort(orders[order]);
      list.append(...cards);
    }
    output.textContent = output.dataset.words.replace("{shown}", shown);
    nothing.hidden = shown > 0;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  // A bar leads to its card even where the filters hide it.
  document.addEventListener("click", (event) => {
    const bar = event.target.closest("a[data-card]");
    const card = bar && document.getElementById(bar.dataset.card);
    if (!card) return;
    if (card.hidden) { form.reset(); apply(); }
    card.focus({ preventScroll: true });
  });
  form.hidden = false;
  apply();
});
