// Zones on the frame: what is drawn, dragged and moved by keys. Places are shares of the frame.

const SVG = "http://www.w3.org/2000/svg";
const STEP = 0.002; // Of the frame a press of an arrow: about 4 of 1920 pixels
const FAR = 10; // Times as far with Shift
const NEAR_PX = 14; // A click so near to the first corner closes the zone
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Canvas {
  /**
   * @param {SVGSVGElement} svg
   * @param {HTMLImageElement|null} picture
   * @param {object} told begin, move(at, place), insert(after, place), remove(at), choose(index),
   *   chooseCorner(at), finish(points|null), drawing(on), sketched()
   * @param {object} words
   */
  constructor(svg, picture, told, words) {
    Object.assign(this, { svg, told, words, zones: [], chosen: -1, corner: 0, sketch: null, cross: null });
    this.wh = [1600, 900];
    const measure = () => {
      if (picture?.naturalWidth) this.wh = [1600, 1600 * picture.naturalHeight / picture.naturalWidth];
      this.paint();
    };
    picture?.addEventListener("load", measure);
    measure();
    svg.addEventListener("pointerdown", (event) => this.press(event));
    svg.addEventListener("keydown", (event) => this.type(event));
  }

  isDrawing() { return this.sketch !== null; }

  /** Whether an outline is begun and not closed: it is no zone yet. */
  isBegun() { return Boolean(this.sketch?.length); }

  draw() {
    this.sketch = [];
    this.cross = [0.5, 0.5];
    this.svg.focus({ preventScroll: true });
    this.told.drawing(true);
    this.paint();
  }

  close() {
    const points = this.sketch;
    if (!points) return;
    if (points.length >= 3) this.stop();
    this.told.finish(points);
  }

  cancel() { this.stop(); }

  stop() {
    this.sketch = null;
    this.told.drawing(false);
    this.paint();
  }

  show(zones, chosen, corner) {
    Object.assign(this, { zones, chosen, corner });
    this.paint();
  }

  mark(corner) {
    this.corner = corner;
    this.svg.querySelectorAll(".corner").forEach((one, at) => one.classList.toggle("chosen", at === corner));
  }

  focusCorner(at) { this.svg.querySelectorAll(".corner")[at]?.focus({ preventScroll: true }); }

  placeOf(event) {
    const box = this.svg.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((share) => Math.min(1, Math.max(0, share)));
  }

  press(event) {
    if (event.button !== 0) return;
    const place = this.placeOf(event);
    if (this.isDrawing()) { event.preventDefault(); this.add(place); return; }
    const { corner, between, zone } = event.target.dataset;
    if (corner !== undefined) this.drag(event, Number(corner));
    else if (between !== undefined) {
      const at = this.told.insert(Number(between), place);
      this.drag(event, at);
    } else if (zone !== undefined) this.told.choose(Number(zone));
  }

  add(place) {
    const [first] = this.sketch;
    const box = this.svg.getBoundingClientRect();
    const near = first && Math.hypot((place[0] - first[0]) * box.width, (place[1] - first[1]) * box.height) < NEAR_PX;
    if (near && this.sketch.length >= 3) { this.close(); return; }
    this.sketch.push(place);
    this.cross = place;
    this.told.sketched();
    this.paint();
  }

  drag(event, at) {
    event.preventDefault();
    this.told.begin();
    this.told.chooseCorner(at);
    this.focusCorner(at);
    const move = (moved) => { if (moved.pointerId === event.pointerId) this.told.move(at, this.placeOf(moved)); };
    const end = (ended) => {
      if (ended.pointerId !== event.pointerId) return;
      for (const [name, handler] of [["pointermove", move], ["pointerup", end], ["pointercancel", end]]) window.removeEventListener(name, handler);
    };
    for (const [name, handler] of [["pointermove", move], ["pointerup", end], ["pointercancel", end]]) window.addEventListener(name, handler);
  }

  type(event) {
    const arrow = ARROWS[event.key];
    const far = event.shiftKey ? FAR : 1;
    if (this.isDrawing()) {
      if (arrow) this.cross = this.cross.map((share, axis) => Math.min(1, Math.max(0, share + arrow[axis] * STEP * FAR / (event.shiftKey ? FAR : 1))));
      else if (event.key === " ") this.add([...this.cross]);
      else if (event.key === "Enter") this.close();
      else if (event.key === "Escape") this.cancel();
      else return;
      event.preventDefault();
      this.paint();
      return;
    }
    const at = event.target.dataset.corner;
    if (at === undefined) return;
    const point = this.zones[this.chosen].points[Number(at)];
    if (arrow) {
      this.told.begin();
      this.told.move(Number(at), point.map((share, axis) => share + arrow[axis] * STEP * far));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.told.remove(Number(at));
      this.focusCorner(Math.min(Number(at), this.zones[this.chosen].points.length - 1));
    } else return;
    event.preventDefault();
  }

  text(points) { return points.map((point) => point.map((share, axis) => (share * this.wh[axis]).toFixed(1)).join(",")).join(" "); }

  paint() {
    this.svg.setAttribute("viewBox", `0 0 ${this.wh[0]} ${this.wh[1]}`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.classList.toggle("drawing", this.isDrawing());
    const wanted = this.parts();
    // Elements are kept, so that the corner that has the focus keeps it while it is dragged.
    wanted.forEach(([name, attributes], index) => {
      let element = this.svg.children[index];
      if (!element || element.tagName !== name) {
        const fresh = document.createElementNS(SVG, name);
        if (element) element.replaceWith(fresh); else this.svg.append(fresh);
        element = fresh;
      }
      for (const { name: old } of [...element.attributes]) if (!(old in attributes)) element.removeAttribute(old);
      for (const [key, value] of Object.entries(attributes)) if (element.getAttribute(key) !== String(value)) element.setAttribute(key, value);
    });
    while (this.svg.children.length > wanted.length) this.svg.lastChild.remove();
  }

  parts() {
    const parts = this.zones.map((one, index) => ["polygon", {
      points: this.text(one.points), "data-zone": index,
      class: `zone ${one.kind}${index === this.chosen && !this.isDrawing() ? " chosen" : ""}`,
    }]);
    if (this.isDrawing()) {
      const [x, y] = this.cross.map((share, axis) => share * this.wh[axis]);
      parts.push(["polyline", { class: "sketch", points: this.text(this.sketch) }]);
      parts.push(["path", { class: "cross", d: `M${x - 25} ${y}h50M${x} ${y - 25}v50` }]);
      for (const [cx, cy] of this.sketch) parts.push(["circle", { class: "corner", cx: cx * this.wh[0], cy: cy * this.wh[1], r: 9 }]);
    } else if (this.zones[this.chosen]) {
      const { points } = this.zones[this.chosen];
      points.forEach(([x, y], at) => {
        const [u, v] = points[(at + 1) % points.length];
        parts.push(["circle", { class: "between", "data-between": at, cx: (x + u) / 2 * this.wh[0], cy: (y + v) / 2 * this.wh[1], r: 7 }]);
      });
      points.forEach(([x, y], at) => parts.push(["circle", {
        class: `corner${at === this.corner ? " chosen" : ""}`, "data-corner": at, tabindex: 0, role: "button",
        "aria-label": `${this.words.point} ${at + 1}: ${(x * 100).toFixed(1)} %, ${(y * 100).toFixed(1)} %`,
        cx: x * this.wh[0], cy: y * this.wh[1], r: 12,
      }]));
    }
    return parts;
  }
}
