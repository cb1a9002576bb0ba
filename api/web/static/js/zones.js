// The editor of zones: state, fields and saving. What is seen on the frame is zone_canvas.js.
import { Problem, say, send } from "./send.js";
import { Canvas } from "./zone_canvas.js";
import { findFault, keepInside } from "./zone_shapes.js";

const editor = document.getElementById("editor");
const words = JSON.parse(editor.dataset.words);
const most = Number(editor.dataset.most);
const byId = (id) => document.getElementById(id);
const RECTANGLE = [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]];
const MOST_STEPS = 200;

let zones = JSON.parse(editor.dataset.zones);
let saved = JSON.stringify(zones);
let { seen } = editor.dataset; // Tells the service which zones these came from
let unanswered = null; // Zones that were sent, and nobody knows whether they came in
let chosen = zones.length ? 0 : -1;
let corner = 0;
const steps = [];

const canvas = new Canvas(byId("drawing"), byId("picture"), {
  begin: remember,
  move: (at, place) => { zone().points[at] = place.map(keepInside); corner = at; refresh(); },
  insert: (after, place) => { insert(after, place.map(keepInside)); return corner; },
  remove: removePoint,
  choose: (index) => { chosen = index; corner = 0; refresh(); },
  chooseCorner: (at) => { corner = at; showPoints(); },
  finish: finishDrawing,
  drawing: showDrawing,
  sketched: showUnsaved,
}, words);

function zone() { return zones[chosen]; }

function remember() {
  const now = JSON.stringify(zones);
  if (steps.at(-1) !== now) steps.push(now);
  if (steps.length > MOST_STEPS) steps.shift();
}

function undo() {
  const present = JSON.stringify(zones);
  while (steps.length && steps.at(-1) === present) steps.pop();
  if (!steps.length) return;
  zones = JSON.parse(steps.pop());
  chosen = Math.min(chosen < 0 ? 0 : chosen, zones.length - 1);
  corner = 0;
  tell(words.undone);
  refresh();
}

function tell(text) { byId("drawing-news").textContent = text; }

function nameOf(one, index) {
  return `${index + 1}. ${one.name || words.zone} · ${words[one.kind]}`;
}

function refresh() {
  canvas.show(zones, chosen, corner);
  showList();
  showFields();
  showUnsaved();
  byId("undo").disabled = !steps.some((one) => one !== JSON.stringify(zones));
}

function isUnsaved() { return canvas.isBegun() || JSON.stringify(zones) !== saved; }

function showUnsaved() { byId("unsaved").hidden = !isUnsaved(); }

function showList() {
  const list = byId("zone-list");
  while (list.children.length > zones.length) list.lastChild.remove();
  zones.forEach((one, index) => {
    let button = list.children[index]?.firstChild;
    if (!button) {
      const line = document.createElement("li");
      button = document.createElement("button");
      button.type = "button";
      button.addEventListener("click", () => { chosen = index; corner = 0; refresh(); });
      line.append(button);
      list.append(line);
    }
    button.textContent = nameOf(one, index);
    button.setAttribute("aria-pressed", String(index === chosen));
  });
  byId("no-zones").hidden = zones.length > 0;
}

function showFields() {
  const form = byId("zone-form");
  form.hidden = chosen < 0;
  if (chosen < 0) return;
  const one = zone();
  if (document.activeElement !== byId("zone-name")) byId("zone-name").value = one.name || "";
  for (const radio of form.querySelectorAll("[name=kind]")) radio.checked = radio.value === one.kind;
  for (const box of form.querySelectorAll("[name=labels]")) box.checked = one.labels.includes(box.value);
  showPoints();
  const fault = findFault(one.points, most);
  byId("drawing-news").className = fault ? "notice bad" : "";
  if (fault) tell(words[fault]);
  else if (Object.values({ few: words.few, many: words.many, cross: words.cross, small: words.small }).includes(byId("drawing-news").textContent)) tell("");
}

function showPoints() {
  const body = byId("points");
  while (body.children.length > zone().points.length) body.lastChild.remove();
  zone().points.forEach((point, at) => {
    const row = body.children[at] || newRow(body, at);
    row.className = at === corner ? "chosen" : "";
    row.querySelectorAll("input").forEach((field, axis) => {
      if (document.activeElement !== field) field.value = (point[axis] * 100).toFixed(2).replace(/\.?0+$/, "");
    });
  });
  canvas.mark(corner);
}

function newRow(body, at) {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = String(at + 1);
  row.append(head);
  [words.left, words.top].forEach((name, axis) => {
    const field = document.createElement("input");
    Object.assign(field, { type: "number", min: "0", max: "100", step: "any" });
    field.setAttribute("aria-label", `${words.point} ${at + 1} ${name} %`);
    field.addEventListener("focus", () => { corner = at; showPoints(); });
    field.addEventListener("change", () => {
      if (field.value === "" || !Number.isFinite(field.valueAsNumber)) { field.value = String(zone().points[at][axis] * 100); return; }
      remember();
      zone().points[at][axis] = keepInside(field.valueAsNumber / 100);
      field.value = (zone().points[at][axis] * 100).toFixed(2).replace(/\.?0+$/, "");
      refresh();
    });
    const cell = document.createElement("td");
    cell.append(field);
    row.append(cell);
  });
  const cell = document.createElement("td");
  for (const [sign, name, action] of [["+", words.insert, () => insertAfter(at)], ["−", words.remove, () => removePoint(at)]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.setAttribute("aria-label", `${words.point} ${at + 1}: ${name}`);
    button.addEventListener("click", action);
    cell.append(button, " ");
  }
  row.append(cell);
  body.append(row);
  return row;
}

function insert(after, place) {
  if (zone().points.length >= most) { tell(words.many); return; }
  remember();
  zone().points.splice(after + 1, 0, place);
  corner = after + 1;
  refresh();
}

function insertAfter(at) {
  const { points } = zone();
  const [a, b] = [points[at], points[(at + 1) % points.length]];
  insert(at, [keepInside((a[0] + b[0]) / 2), keepInside((a[1] + b[1]) / 2)]);
  byId("points").children[corner]?.querySelector("input").focus();
}

function removePoint(at) {
  if (zone().points.length <= 3) { tell(words.few); return; }
  remember();
  zone().points.splice(at, 1);
  corner = Math.min(at, zone().points.length - 1);
  refresh();
}

function addZone(points) {
  remember();
  zones.push({ name: null, kind: "include", labels: [], points: points.map((point) => point.map(keepInside)) });
  chosen = zones.length - 1;
  corner = 0;
  refresh();
}

function finishDrawing(points) {
  if (!points) return;
  if (points.length < 3) { tell(words.few); return; }
  addZone(points);
  tell(words.done);
  byId("zone-name").focus();
}

function showDrawing(on) {
  byId("draw").setAttribute("aria-pressed", String(on));
  byId("finish").hidden = !on;
  tell(on ? words.drawing : "");
  showUnsaved();
}

async function save() {
  if (canvas.isBegun()) {
    say(words.begun, "bad");
    return;
  }
  const wrong = zones.findIndex((one) => findFault(one.points, most));
  if (wrong >= 0) {
    chosen = wrong;
    refresh();
    say(`${nameOf(zones[wrong], wrong)}: ${words[findFault(zones[wrong].points, most)]}`, "bad");
    return;
  }
  const wanted = JSON.stringify(zones);
  byId("save").disabled = true;
  try {
    if (unanswered && unanswered !== wanted) await put(unanswered);
    await put(wanted);
    say(words.saved);
    refresh();
  } catch (error) {
    if (error instanceof Problem && error.status < 500 && error.status !== 401) unanswered = null;
    say(error instanceof Problem ? error.message : words.lost, "bad");
  } finally {
    byId("save").disabled = false;
    byId("save").focus();
  }
}

/** Send zones. What may be in place already is sent once more before others: `seen` tells of it. */
async function put(text) {
  unanswered = text;
  ({ seen } = await send(editor.dataset.address, { seen, zones: JSON.parse(text) }));
  unanswered = null;
  saved = text;
}

byId("draw").addEventListener("click", () => { if (canvas.isDrawing()) canvas.cancel(); else canvas.draw(); });
byId("finish").addEventListener("click", () => canvas.close());
byId("rectangle").addEventListener("click", () => { addZone(RECTANGLE); canvas.focusCorner(0); });
byId("undo").addEventListener("click", undo);
byId("save").addEventListener("click", save);
byId("zone-form").addEventListener("submit", (event) => event.preventDefault());
byId("zone-name").addEventListener("change", (event) => { remember(); zone().name = event.target.value.trim() || null; refresh(); });
byId("remove-zone").addEventListener("click", () => {
  remember();
  zones.splice(chosen, 1);
  chosen = Math.min(chosen, zones.length - 1);
  corner = 0;
  refresh();
  (byId("zone-list").children[chosen]?.firstChild || byId("draw")).focus();
});
for (const radio of document.querySelectorAll("#zone-form [name=kind]")) {
  radio.addEventListener("change", () => { remember(); zone().kind = radio.value; refresh(); });
}
for (const box of document.querySelectorAll("#zone-form [name=labels]")) {
  box.addEventListener("change", () => {
    remember();
    zone().labels = [...document.querySelectorAll("#zone-form [name=labels]:checked")].map((one) => one.value);
    refresh();
  });
}
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && event.target.tagName !== "INPUT") { event.preventDefault(); undo(); }
});
window.addEventListener("beforeunload", (event) => {
  if (isUnsaved()) event.preventDefault();
});
refresh();
