// A photo in its frame: as large as fits, enlarged on request, and told in words where it cannot
// be shown.

const STEPS = [1, 1.5, 2, 3, 4, 6, 8];
const SHARE_OF_SCREEN = 0.66; // Of its height, so that the boxes' tools stay in sight
const LEAST_HEIGHT_PX = 240;
const WHEEL_MS = 120; // One step for one turn of a wheel, which is many events

export class Viewer {
  /**
   * @param {HTMLElement} view The article of the photo.
   * @param {object} words
   * @param {() => void} onResize The boxes are to be drawn again.
   */
  constructor(view, words, onResize) {
    this.view = view;
    this.words = words;
    this.onResize = onResize;
    this.frame = view.querySelector(".photo-frame");
    this.stage = view.querySelector(".photo-stage");
    this.picture = view.querySelector(".photo-stage img");
    this.step = 0;
    this.wheeledAt = 0;
    new ResizeObserver(() => this.fit()).observe(this.frame);
    this.picture.addEventListener("load", () => this.#showPicture());
    this.picture.addEventListener("error", () => this.#explain());
    if (this.picture.complete && this.picture.src) {
      if (this.picture.naturalWidth) this.fit();
      else this.#explain();
    }
    for (const button of view.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.zoom(Number(button.dataset.zoom)));
    }
    this.frame.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.fit();
  }

  fit() {
    const wide = Number(this.picture.getAttribute("width")) || this.picture.naturalWidth;
    const high = Number(this.picture.getAttribute("height")) || this.picture.naturalHeight;
    const room = this.frame.clientWidth;
    if (!wide || !high || !room) return;
    const most = Math.max(LEAST_HEIGHT_PX, SHARE_OF_SCREEN * window.innerHeight);
    const base = Math.floor(Math.min(room, most * wide / high));
    this.frame.style.maxHeight = `${Math.ceil(Math.min(most, base * high / wide)) + 2}px`;
    this.stage.style.width = `${Math.round(base * STEPS[this.step])}px`;
    this.onResize();
  }

  /** Enlarge (1) or shrink (-1) by a step; around a point of the screen, else the frame's middle. */
  zoom(direction, at = null) {
    const step = Math.min(Math.max(this.step + direction, 0), STEPS.length - 1);
    if (step === this.step) return;
    const frame = this.frame.getBoundingClientRect();
    const [x, y] = at || [frame.left + frame.width / 2, frame.top + frame.height / 2];
    const before = this.stage.getBoundingClientRect();
    const share = [(x - before.left) / before.width, (y - before.top) / before.height];
    this.step = step;
    if (step > 0) this.#takeSize("large");
    this.fit();
    const after = this.stage.getBoundingClientRect();
    this.frame.scrollLeft += after.left + share[0] * after.width - x;
    this.frame.scrollTop += after.top + share[1] * after.height - y;
    this.view.querySelector('[data-part="zoom"]').textContent = `${Math.round(100 * STEPS[step])} %`;
  }

  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    if (event.timeStamp - this.wheeledAt < WHEEL_MS) return;
    this.wheeledAt = event.timeStamp;
    this.zoom(event.deltaY < 0 ? 1 : -1, [event.clientX, event.clientY]);
  }

  #takeSize(size) {
    const address = `${this.picture.dataset.src}?size=${size}`;
    if (!this.picture.src.endsWith(address)) this.picture.src = address;
  }

  #showPicture() {
    this.view.querySelector(".picture-trouble")?.remove();
    this.#showParts(true);
    this.fit();
  }

  async #explain() {
    if (this.picture.src.endsWith("size=large")) { this.#takeSize("medium"); return; }
    let text = this.words.lost;
    try {
      const answer = await fetch(this.picture.src, { headers: { Accept: "application/json" } });
      if (!answer.ok) {
        const problem = await answer.json();
        text = this.words.errors[problem.code] || problem.detail || text;
      }
    } catch {
      text = this.words.offline;
    }
    this.view.querySelector(".picture-trouble")?.remove();
    const notice = document.createElement("div");
    notice.className = "notice warn picture-trouble";
    notice.setAttribute("role", "status");
    const line = document.createElement("p");
    line.textContent = text;
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = this.words.again;
    again.addEventListener("click", () => {
      this.picture.loading = "eager"; // It is hidden meanwhile.
      this.picture.src = `${this.picture.dataset.src}?size=medium&again=${Date.now()}`;
    });
    notice.append(line, again);
    this.frame.before(notice);
    this.#showParts(false);
  }

  #showParts(isThere) {
    this.frame.hidden = !isThere;
    for (const name of [".photo-tools", ".zoom"]) this.view.querySelector(name).hidden = !isThere;
  }
}
