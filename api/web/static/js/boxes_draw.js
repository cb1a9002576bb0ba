// Boxes as SVG over the photo. The picture's elements are kept from one drawing to the next, so that
// the focus stays where it is.
import { verdictOf } from "./boxes_model.js";

const SVG = "http://www.w3.org/2000/svg";
const TEXT_PX = 14; // On the screen, whatever the zoom
const HANDLE_PX = 10;
const TOUCH_PX = 26; // What a finger hits
const EDGES = { nw: [0, 0], n: [0.5, 0], ne: [1, 0], e: [1, 0.5], se: [1, 1], s: [0.5, 1], sw: [0, 1], w: [0, 0.5] };

function make(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  set(element, attributes);
  parent?.append(element);
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

/** What a box is and what was said of it, in words. */
export function describeItem(item, number, words) {
  const parts = [`${words.box} ${number}`, words.labels[item.added ? item.label : item.foundLabel] || item.label];
  if (item.added) parts.push(words.added);
  else {
    parts.push(`${(100 * item.score).toFixed(1)} %`);
    if (item.severity) parts.push(words.severity[item.severity]);
    if (!item.flagged) parts.push(words.below);
  }
  return `${parts.filter(Boolean).join(" ")}: ${wordOf(item, words)}`;
}

/** What was said of a box. */
export function wordOf(item, words) {
  if (item.added) return words.added;
  const verdict = verdictOf(item);
  if (!verdict) return words.unjudged;
  return verdict === "wrong_label" ? words[verdict].replace("{}", words.labels[item.label] || item.label) : words[verdict];
}

/** "left 10, top 20 …" */
export function placeOf(box, words) {
  return words.place.replace(/\{(\d)\}/g, (_, index) => Math.round(box[index]));
}

export class Drawing {
  /**
   * @param {SVGSVGElement} svg Its viewBox is the photo in pixels.
   * @param {object} words
   */
  constructor(svg, words) {
    this.svg = svg;
    this.words = words;
    this.groups = new Map();
    svg.replaceChildren();
    this.handles = make("g", { class: "handles", "aria-hidden": "true" }, svg);
    this.draft = make("rect", { class: "draft", visibility: "hidden" }, svg);
  }

  /** Photo pixels in one pixel of the screen. */
  get scale() {
    const shown = this.svg.getBoundingClientRect().width;
    return shown ? this.svg.viewBox.baseVal.width / shown : 1;
  }

  draw(items, { chosen = null, editing = false } = {}) {
    const { svg, words, scale } = this;
    const summary = items.map((item, index) => describeItem(item, index + 1, words)).join("; ");
    set(svg, { role: editing ? "group" : "img", "aria-label": words.picture + (summary || words.nothing) });
    svg.classList.toggle("editing", editing);
    const present = new Set(items.map((item) => item.key));
    for (const [key, group] of this.groups) {
      if (!present.has(key)) { group.remove(); this.groups.delete(key); }
    }
    items.forEach((item, index) => {
      let group = this.groups.get(item.key);
      if (!group) {
        group = make("g", { "data-key-of": item.key }, null);
        make("title", {}, group);
        for (const name of ["halo", "edge"]) make("rect", { class: name }, group);
        make("path", { class: "cross" }, group);
        make("text", { "aria-hidden": "true" }, group);
        svg.insertBefore(group, this.handles);
        this.groups.set(item.key, group);
      }
      this.#drawOne(group, item, index + 1, { scale, isChosen: item.key === chosen, editing });
    });
    const item = editing ? items.find((one) => one.key === chosen) : null;
    this.#drawHandles(item, scale);
  }

  #drawOne(group, item, number, { scale, isChosen, editing }) {
    const [x1, y1, x2, y2] = item.box;
    const verdict = item.added ? "true" : verdictOf(item);
    const kind = verdict === null ? "" : verdict === "false" ? "is-wrong" : "is-right";
    group.setAttribute("class", `box stroke-${item.label} ${item.flagged ? "" : "unflagged"} ${kind} ${isChosen ? "chosen" : ""}`);
    if (editing) set(group, { tabindex: 0, role: "button", "aria-pressed": String(isChosen), "aria-label": `${describeItem(item, number, this.words)}, ${placeOf(item.box, this.words)}` });
    else for (const name of ["tabindex", "role", "aria-pressed", "aria-label"]) group.removeAttribute(name);
    for (const rect of group.querySelectorAll("rect")) set(rect, { x: x1, y: y1, width: x2 - x1, height: y2 - y1 });
    group.querySelector("path").setAttribute("d", kind === "is-wrong" ? `M${x1} ${y1}L${x2} ${y2}M${x2} ${y1}L${x1} ${y2}` : "");
    const text = group.querySelector("text");
    const size = TEXT_PX * scale;
    const inside = y1 < 1.4 * size;
    const isRight = isChosen && x1 + x2 > this.svg.viewBox.baseVal.width; // Else the words might run out of the photo
    const margin = inside ? 4 * scale : 0;
    set(text, { x: isRight ? x2 - margin : x1 + margin, "text-anchor": isRight ? "end" : "start", y: inside ? y1 + 1.2 * size : y1 - 0.4 * size, "font-size": size, "stroke-width": 4 * scale });
    const mark = { "is-wrong": " ✗", "is-right": " ✓" }[kind] || "";
    const score = item.added ? "" : ` ${Math.round(100 * item.score)}%`;
    // Words of many boxes would cover the photo and each other: they stand in the list below.
    const words = isChosen ? ` ${this.words.labels[item.label] || item.label}${score}` : "";
    text.textContent = `${number}${words}${mark}`;
    group.querySelector("title").textContent = describeItem(item, number, this.words);
  }

  #drawHandles(item, scale) {
    if (!item) { this.handles.replaceChildren(); return; }
    if (!this.handles.firstChild) {
      for (const edges of Object.keys(EDGES)) {
        make("rect", { class: "reach", "data-edges": edges }, this.handles);
        make("rect", { class: "handle", "data-edges": edges }, this.handles);
      }
    }
    const [x1, y1, x2, y2] = item.box;
    for (const rect of this.handles.children) {
      const side = (rect.classList.contains("reach") ? TOUCH_PX : HANDLE_PX) * scale;
      const [right, down] = EDGES[rect.dataset.edges];
      set(rect, { x: x1 + right * (x2 - x1) - side / 2, y: y1 + down * (y2 - y1) - side / 2, width: side, height: side });
    }
  }

  /** Show a box that is being drawn; null: none. */
  sketch(box) {
    this.draft.setAttribute("visibility", box ? "visible" : "hidden");
    if (box) set(this.draft, { x: box[0], y: box[1], width: box[2] - box[0], height: box[3] - box[1] });
  }

  focus(key) { this.groups.get(key)?.focus({ preventScroll: false }); }

  /** Where on the photo a pointer is. */
  locate(event) {
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
  }
}
