// Toilets on a map, and the preview of an import.
import { fill, fillTable, wireImport } from "./admin_import.js";
import { openMap } from "./map.js";

function putOn(map, points) {
  const dots = points.map((one) => map.dot(one.at, { radius: 6, title: [one.name, one.address].filter(Boolean).join(" · ") }));
  map.fit(points.map((one) => one.at));
  return dots;
}

const present = document.getElementById("toilet-map");
const cells = JSON.parse(present.dataset.cells);

// Without tiles the cells alone say where one looks.
async function openOverCells(element) {
  const map = await openMap(element);
  if (cells.features.length) map.fitLayer(map.cells(cells));
  return map;
}

if (!present.hidden) openOverCells(present).then((map) => putOn(map, JSON.parse(present.dataset.points)));

const preview = document.getElementById("toilet-preview");
if (preview) {
  const words = JSON.parse(preview.dataset.words);
  const part = (name) => preview.querySelector(`[data-part=${name}]`);
  let map = null;
  let dots = [];

  const show = (found) => {
    part("counts").textContent = found.found ? fill(words.counts, found) : words.none;
    part("problems").textContent = found.n_problems ? fill(words.problems, { n: found.n_problems }) : words.sound;
    fillTable(part("problem-table"), found.problems.map((one) => [
      { text: one.row, className: "number" }, one.kept ? words.kept : words.skipped, one.reason,
    ]));
    return found.found > 0;
  };

  const draw = async (found) => {
    map ||= await openOverCells(document.getElementById("preview-map"));
    for (const dot of dots) dot.remove();
    dots = putOn(map, found.points);
  };

  wireImport({
    form: document.getElementById("toilet-form"),
    confirm: document.getElementById("toilet-confirm"),
    preview,
    address: "/console/admin/imports/toilets",
    show,
    draw,
    done: ({ saved, removed }) => `/console/admin/imports/toilets?saved=${saved}&removed=${removed}`,
  });
}
