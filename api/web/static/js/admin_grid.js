// The grid: cells on a map beside their table, and the preview of an import.
import { fill, fillTable, wireImport } from "./admin_import.js";
import { openMap } from "./map.js";

const COLOURS = { new: "#1b6e3c", changed: "#8a4b00", same: "#0f4c5c", gone: "#4c6068" };
const TROUBLE = "#b3261e";

function nameOf({ properties }) {
  return [properties.code, properties.name].filter(Boolean).join(" · ");
}

async function showPresent(element) {
  const cells = JSON.parse(element.dataset.cells);
  if (!cells.features.length) return;
  const map = await openMap(element);
  const layer = map.cells(cells, { name: nameOf });
  map.fitLayer(layer);
  const byCode = new Map();
  layer.eachLayer((shape) => byCode.set(shape.feature.properties.code, shape));
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-cell]");
    const shape = button && byCode.get(button.dataset.cell);
    if (!shape) return;
    layer.resetStyle();
    shape.setStyle({ color: TROUBLE, weight: 4 });
    map.fitLayer(shape);
    shape.openTooltip();
  });
}

showPresent(document.getElementById("grid-map"));

const preview = document.getElementById("grid-preview");
if (preview) {
  const words = JSON.parse(preview.dataset.words);
  const part = (name) => preview.querySelector(`[data-part=${name}]`);
  let map = null;
  let layer = null;

  const styleOf = ({ properties }) => ({
    color: properties.troubled ? TROUBLE : COLOURS[properties.fate],
    weight: properties.troubled ? 4 : 1.5,
    dashArray: properties.fate === "gone" ? "6 5" : null,
    fillColor: COLOURS[properties.fate],
    fillOpacity: properties.fate === "gone" ? 0 : 0.15,
  });

  const show = (found) => {
    part("counts").textContent = found.taken ? fill(words.counts, { ...found.counts, taken: found.taken }) : words.none;
    part("shown").textContent = found.shown < found.taken + found.counts.gone ? fill(words.shown, { n: found.shown }) : "";
    part("problems").textContent = found.n_problems ? fill(words.problems, { n: found.n_problems }) : words.sound;
    part("moved").textContent = found.moved ? fill(words.moved, { n: found.moved }) : words.unmoved;
    fillTable(part("problem-table"), found.problems.map((one) => [words[one.level], one.message]));
    fillTable(part("move-table"), found.moves.map((one) => [
      one.before ?? words.outside, one.after ?? words.outside, { text: one.cases, className: "number" },
    ]));
    return found.taken > 0;
  };

  const draw = async (found) => {
    map ||= await openMap(document.getElementById("preview-map"));
    layer?.remove();
    layer = map.cells(found.cells, {
      style: styleOf, name: (feature) => `${nameOf(feature)} · ${words[feature.properties.fate]}`,
    });
    map.fitLayer(layer);
  };

  wireImport({
    form: document.getElementById("grid-form"),
    confirm: document.getElementById("grid-confirm"),
    preview,
    address: "/console/admin/imports/grid",
    show,
    draw,
    done: ({ cells, reassigned }) => `/console/admin/imports/grid?cells=${cells}&reassigned=${reassigned}`,
  });
}
