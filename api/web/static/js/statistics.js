// The statistics: dates where they are asked for, and the heat map once somebody scrolls to it.
import { openMap } from "./map.js";

const MOST_ROWS = 20;

/** Show the two dates only with the span that uses them; elsewhere they are not sent. */
export function followSpan(form) {
  const span = form.elements.span;
  const dates = [...form.querySelectorAll("[data-dates]")];
  const follow = () => {
    for (const one of dates) {
      one.hidden = span.value !== "dates";
      one.querySelector("input").disabled = one.hidden;
    }
  };
  span.addEventListener("change", follow);
  follow();
}

/** Which colour a count has: the first class whose limit it does not exceed. */
export function classOf(count, limits, classes) {
  const found = limits.findIndex((limit) => count <= limit);
  const place = found < 0 ? limits.length - 1 : found;
  // Few classes spread over the scale: the last is always the darkest.
  return limits.length < 2 ? classes - 1 : Math.round(place * (classes - 1) / (limits.length - 1));
}

function squareFeature([south, west, north, east, cases]) {
  const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  return { type: "Feature", properties: { cases, place: `${((south + north) / 2).toFixed(4)}, ${((west + east) / 2).toFixed(4)}` }, geometry: { type: "Polygon", coordinates: [ring] } };
}

function cellFeature(feature) {
  const { code, name, cases } = feature.properties;
  return { ...feature, properties: { cases, place: name ? `${code} ${name}` : code } };
}

/** The map with its legend and its table. */
export class HeatMap {
  constructor(section) {
    this.section = section;
    this.words = JSON.parse(section.dataset.words);
    this.swatches = [...section.querySelectorAll("#heat-legend li")];
    // The colours stand in the style sheet; the map takes them from the legend.
    this.colors = this.swatches.map((one) => getComputedStyle(one.querySelector(".swatch")).backgroundColor);
    this.layer = null;
    this.fitted = false;
  }

  async open() {
    this.section.dataset.state = "loading";
    try {
      const answer = await fetch(this.section.dataset.heat, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const heat = await answer.json();
      this.kinds = {
        squares: { features: heat.squares.map(squareFeature), limits: heat.square_limits, note: heat.squares_left_out ? this.words.rest : "", none: this.words.none },
        cells: { features: heat.cells.features.map(cellFeature), limits: heat.cell_limits, note: "", none: this.words.noCells },
      };
      this.map = await openMap(this.section.querySelector(".map"), { zoom: 12 });
    } catch {
      this.section.dataset.state = "failed";
      this.note(this.words.failed);
      return;
    }
    for (const choice of this.section.querySelectorAll("[name=heat-by]")) {
      choice.addEventListener("change", () => this.draw(choice.value));
    }
    this.draw(this.section.querySelector("[name=heat-by]:checked").value);
  }

  draw(kind) {
    const { features, limits, note, none } = this.kinds[kind];
    this.layer?.remove();
    this.layer = this.map.cells({ type: "FeatureCollection", features }, {
      style: (feature) => ({ color: "#5b1a10", weight: 0.5, fillColor: this.colors[classOf(feature.properties.cases, limits, this.colors.length)], fillOpacity: 0.8 }),
      name: (feature) => `${feature.properties.place} · ${this.words.cases.replace("{}", feature.properties.cases)}`,
    });
    if (features.length && !this.fitted) { this.map.fitLayer(this.layer); this.fitted = true; }
    this.note(features.length ? note : none);
    this.showLegend(limits);
    this.showTable(features);
    this.section.dataset.state = kind;
  }

  note(text) { this.section.querySelector("#heat-note").textContent = text; }

  showLegend(limits) {
    for (const one of this.swatches) one.hidden = true;
    limits.forEach((limit, place) => {
      const line = this.swatches[classOf(limit, limits, this.colors.length)];
      const least = place ? limits[place - 1] + 1 : 1;
      line.hidden = false;
      line.querySelector(".number").textContent = least < limit ? `${least}–${limit}` : `${limit}`;
    });
  }

  showTable(features) {
    const rows = features.slice(0, MOST_ROWS).map((feature) => {
      const row = document.createElement("tr");
      const place = document.createElement("th");
      place.scope = "row";
      place.textContent = feature.properties.place;
      const count = document.createElement("td");
      count.className = "number";
      count.textContent = feature.properties.cases;
      row.append(place, count);
      return row;
    });
    this.section.querySelector("#heat-table tbody").replaceChildren(...rows);
  }
}

const form = document.getElementById("statistics-filters");
if (form) followSpan(form);
const section = document.getElementById("heat");
if (section) {
  const watcher = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    watcher.disconnect();
    new HeatMap(section).open();
  }, { rootMargin: "300px" });
  watcher.observe(section);
}
