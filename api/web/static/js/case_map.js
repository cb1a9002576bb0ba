// A case's maps: itself among the open cases around it, and the pin by which its place is corrected.
import { openMap } from "./map.js";

const COLOURS = { illegal_poster: "--poster", overflowing_bin: "--bin", street_vending: "--vending", site_dust: "--dust" };
const MOST_LISTED = 8;

function colourOf(label) {
  const style = getComputedStyle(document.documentElement);
  return style.getPropertyValue(COLOURS[label] || "--soft").trim();
}

/**
 * Show a case and its open neighbours on a map, and the nearest of them as a list.
 * @param {HTMLElement|null} element With data-lat, data-lng, data-near; null: the case has no place.
 * @param {HTMLElement|null} list
 */
export async function showCaseMap(element, list) {
  if (!element) return;
  const here = [Number(element.dataset.lat), Number(element.dataset.lng)];
  const reading = fetch(element.dataset.near, { headers: { Accept: "application/json" }, credentials: "same-origin" })
    .then((answer) => { if (!answer.ok) throw new Error(String(answer.status)); return answer.json(); });
  reading.then((near) => listNear(list, near.cases, element.dataset.away), () => tell(list, list.dataset.failed));
  const map = await openMap(element, { center: here, zoom: 17 });
  const near = await reading.catch(() => ({ cases: [], cell: null }));
  if (near.cell) {
    map.cells({ type: "Feature", properties: {}, geometry: near.cell.geometry }, { name: () => near.cell.code });
    map.label(`${element.dataset.cell} ${near.cell.name || near.cell.code}`);
  }
  for (const one of near.cases) {
    map.dot([one.lat, one.lng], {
      color: colourOf(one.label),
      title: `${one.number} ${one.name} · ${one.away_m} ${element.dataset.away}`,
      onClick: () => { location.href = `/console/cases/${one.id}`; },
    });
  }
  map.dot(here, { color: colourOf(element.dataset.label), radius: 12, title: element.dataset.here });
  element.dataset.shown = String(near.cases.length);
}

function tell(list, words) {
  const line = document.createElement("li");
  line.textContent = words;
  list.replaceChildren(line);
}

function listNear(list, near, unit) {
  list.replaceChildren();
  if (!near.length) tell(list, list.dataset.none);
  for (const one of near.slice(0, MOST_LISTED)) {
    const link = document.createElement("a");
    link.href = `/console/cases/${one.id}`;
    link.textContent = one.number;
    const line = document.createElement("li");
    line.append(link, ` ${one.name} · ${one.away_m}\u00a0${unit}`);
    list.append(line);
  }
}

/**
 * Open the map of the correction's dialog, once.
 * @param {HTMLDialogElement} dialog
 */
export async function showCorrectionMap(dialog) {
  const element = dialog.querySelector("[data-map]");
  if (element.dataset.shown) return;
  element.dataset.shown = "yes";
  const [lat, lng] = [dialog.querySelector("[name=lat]"), dialog.querySelector("[name=lng]")];
  const read = () => (lat.value && lng.value ? [Number(lat.value), Number(lng.value)] : null);
  const write = (place) => { [lat.value, lng.value] = place.map((one) => one.toFixed(6)); };
  let map;
  try {
    map = await openMap(element, { center: read(), zoom: 17 });
  } catch {
    delete element.dataset.shown; // Tried again when the dialog opens again; the fields do as well
    return;
  }
  let pin = null;
  const put = (place) => {
    if (pin) pin.setLatLng(map.show(place));
    else pin = map.pin(place, { title: element.dataset.pin, onMove: write });
  };
  if (read()) put(read());
  map.onClick((place) => { write(place); put(place); });
  for (const field of [lat, lng]) field.addEventListener("change", () => { if (read()) put(read()); });
}
