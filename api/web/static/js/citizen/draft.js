// A report as it is kept and sent.
import { deviceId, randomName } from "./keeping.js";

/**
 * Make a report of what stands in the form.
 * @param {HTMLFormElement} form
 * @param {object} photo Of picture.js.
 * @param {object|null} place Of place.js.
 */
export function makeDraft(form, photo, place) {
  const fields = { device_id: deviceId() };
  for (const name of ["label", "note", "phone", "address"]) {
    const text = form.elements[name].value.trim();
    if (text) fields[name] = text;
  }
  if (place) {
    Object.assign(fields, { lat: String(place.lat), lng: String(place.lng), datum: "wgs84" });
    if (place.accuracy_m !== null) fields.accuracy_m = String(Math.min(100000, Math.round(place.accuracy_m)));
  }
  const { data, type, name, shown } = photo;
  const from = place ? place.from : null;
  return { key: randomName(), at: Date.now(), fields, from, photo: data, type, name: name.slice(-100), shown, refused: null };
}

/** Put a report that was refused back into the form's fields. */
export function fillForm(form, draft) {
  for (const name of ["note", "phone", "address"]) form.elements[name].value = draft.fields[name] || "";
  form.elements.label.value = draft.fields.label || "";
}

/** The photo of a kept report, as picture.js made it. */
export function photoOf(draft) {
  const size = draft.photo.byteLength;
  return {
    data: draft.photo, type: draft.type, name: draft.name, size, before: size, shrunk: false,
    shown: draft.shown, facts: { place: null, read: true },
  };
}

/** The place of a kept report. */
export function placeOf(draft) {
  const { lat, lng, accuracy_m: accuracy } = draft.fields;
  if (lat === undefined) return null;
  return { lat: Number(lat), lng: Number(lng), accuracy_m: accuracy === undefined ? null : Number(accuracy), from: draft.from || "pin" };
}
