// Where a camera hangs: a pin on the map and two fields that say the same.
import { openMap } from "./map.js";

const [lat, lng] = ["lat", "lng"].map((id) => document.getElementById(id));
const element = document.getElementById("place-map");

function typed() {
  const place = [lat, lng].map((field) => (field.value.trim() ? Number(field.value) : NaN));
  return Number.isFinite(place[0]) && Math.abs(place[0]) <= 90 && Number.isFinite(place[1]) && Math.abs(place[1]) <= 180 ? place : null;
}

function write([north, east]) {
  lat.value = north.toFixed(7);
  lng.value = east.toFixed(7);
}

try {
  const map = await openMap(element, { center: typed() });
  let pin = null;
  const place = (where) => {
    if (pin) pin.setLatLng(map.show(where));
    else pin = map.pin(where, { title: element.dataset.pin, onMove: write });
  };
  if (typed()) place(typed());
  map.onClick((where) => { place(where); write(where); });
  for (const field of [lat, lng]) {
    field.addEventListener("change", () => {
      const where = typed();
      if (where) { place(where); map.map.panTo(map.show(where)); }
    });
  }
} catch {
  element.hidden = true; // The fields do without the map.
}
