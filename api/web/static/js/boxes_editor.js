// The editor of one photo's boxes: what is chosen, what was changed, saving.
import { Drawing, describeItem, placeOf, wordOf } from "./boxes_draw.js";
import { followKeyboard } from "./boxes_keyboard.js";
import { History, bodyOf, firstUnjudged, makeItems, newItem } from "./boxes_model.js";
import { around, followPointer } from "./boxes_pointer.js";
import { say, send } from "./send.js";

export class Editor {
  /**
   * @param {HTMLElement} view The article of the photo.
   * @param {object} photo The JSON of its data-photo.
   * @param {{words: object, caseId: string, caseLabel: string}} about
   */
  constructor(view, photo, { words, caseId, caseLabel }) {
    this.view = view;
    this.photo = photo;
    this.words = words;
    this.address = `/console/cases/${caseId}/photos/${photo.sha256}/verdict`;
    this.drawing = new Drawing(view.querySelector("svg.boxes"), words);
    this.history = new History(makeItems(photo), photo.verdict ? photo.verdict.reviewed : [...photo.labels]);
    this.isEditing = false;
    this.isDrawing = false;
    this.chosenKey = null;
    this.newLabel = caseLabel || photo.findings[0]?.label || photo.labels[0];
    this.panel = null;
    if (photo.mayJudge) {
      followPointer(this);
      followKeyboard(this);
      this.#listen();
    }
    this.refresh();
  }

  get wh() { return this.photo.wh; }
  get items() { return this.history.items; }
  get chosen() { return this.items.find((item) => item.key === this.chosenKey) || null; }
  get isDirty() { return this.history.isDirty; }

  part(name) { return this.view.querySelector(`[data-part="${name}"]`); }

  choose(key) {
    if (this.chosenKey === key) return;
    this.chosenKey = key;
    this.refresh();
  }

  /** Put the chosen box elsewhere; the caller has seen to the history. */
  place(box) {
    const item = this.chosen;
    if (item.box.every((edge, index) => edge === box[index])) return;
    item.box = box;
    item.word = "right";
    this.refresh();
  }

  mark(word) {
    const item = this.chosen;
    if (!item || item.added) return;
    this.#change(() => {
      item.word = word;
      if (word === "wrong") { item.label = item.foundLabel; item.box = [...item.foundBox]; }
    });
  }

  relabel(label) {
    const item = this.chosen;
    if (!item || !label) return;
    this.#change(() => { item.label = label; item.word = "right"; });
    this.newLabel = label;
  }

  cycleLabel() {
    const labels = [...this.panel.querySelectorAll("option")].map((one) => one.value);
    if (this.chosen) this.relabel(labels[(labels.indexOf(this.chosen.label) + 1) % labels.length]);
  }

  add(item) {
    this.isDrawing = false;
    this.#change(() => {
      this.history.items.push(item);
      this.chosenKey = item.key;
    });
    this.drawing.focus(item.key);
  }

  remove() {
    const item = this.chosen;
    if (!item?.added) return;
    this.#change(() => { this.history.items = this.items.filter((one) => one !== item); });
    this.chosenKey = null;
    this.refresh();
    this.#focusTool("add");
  }

  undo() {
    this.history.undo();
    this.refresh();
  }

  allRight() {
    this.open();
    this.#change(() => {
      for (const item of this.items) if (item.flagged) item.word = "right";
    });
  }

  open() {
    if (!this.panel) this.#buildPanel();
    this.isEditing = true;
    this.refresh();
  }

  leave() {
    this.isEditing = this.isDrawing = false;
    this.chosenKey = null;
    this.refresh();
    this.#focusTool("edit");
  }

  async save() {
    const { reviewed } = this.history;
    const body = bodyOf(this.items, reviewed);
    const open = firstUnjudged(this.items, reviewed);
    if (open) {
      say(this.words.first.replace("{}", this.items.indexOf(open) + 1), "warn");
      this.open();
      this.choose(open.key);
      this.drawing.focus(open.key);
      return;
    }
    if (!body.findings.length && !body.added.length && !reviewed.length) { say(this.words.empty, "warn"); return; }
    const button = this.view.querySelector('[data-do="save"]');
    button.disabled = true;
    const sent = this.history.present;
    try {
      const saved = await send(this.address, body);
      this.history.markSaved(sent);
      say(saved.message);
      const line = this.part("verdict");
      line.hidden = false;
      line.querySelector("span").textContent = saved.line;
      if (this.isDirty) this.refresh(); // Somebody went on drawing meanwhile.
      else this.leave();
    } catch (problem) {
      const why = problem.status ? this.words.errors[problem.code] || problem.message : this.words.offline;
      say(this.words.failed + why, "bad");
    } finally {
      button.disabled = false;
    }
  }

  /** Draw everything as it is now. */
  refresh() {
    this.drawing.draw(this.items, { chosen: this.chosenKey, editing: this.isEditing });
    this.#showList();
    if (!this.photo.mayJudge) return;
    this.view.classList.toggle("is-editing", this.isEditing || this.isDirty);
    this.drawing.svg.classList.toggle("drawing", this.isDrawing);
    this.part("unsaved").hidden = !this.isDirty;
    const edit = this.view.querySelector('[data-do="edit"]');
    edit.querySelector("span").textContent = this.isEditing ? this.words.leave : this.words.edit;
    edit.setAttribute("aria-expanded", String(this.isEditing));
    this.view.querySelector('[data-do="undo"]').disabled = !this.history.past.length;
    this.view.querySelector('[data-do="add"]').setAttribute("aria-pressed", String(this.isDrawing));
    if (this.panel) this.#showPanel();
  }

  #change(act) {
    this.history.remember();
    act();
    this.history.forgetIdle();
    this.refresh();
  }

  #focusTool(name) { this.view.querySelector(`[data-do="${name}"]`).focus(); }

  #listen() {
    const acts = {
      edit: (byKey) => {
        if (this.isEditing) { this.leave(); return; }
        this.open();
        if (byKey && this.items.length) this.drawing.focus(this.items[0].key);
      },
      "all-right": () => this.allRight(),
      add: (byKey) => {
        this.open();
        if (byKey) { this.add(newItem(this.newLabel, around(this.#middle(), this.wh))); return; }
        this.isDrawing = !this.isDrawing;
        if (this.isDrawing) say(this.words.drawing);
        this.refresh();
      },
      undo: () => this.undo(),
      save: () => this.save(),
      right: () => this.mark("right"),
      wrong: () => this.mark("wrong"),
      delete: () => this.remove(),
      cycle: () => this.cycleLabel(),
    };
    this.view.addEventListener("click", (event) => {
      const name = event.target.closest?.("[data-do]")?.dataset.do;
      if (name) acts[name](event.detail === 0); // 0: pressed by keyboard
    });
  }

  /** The middle of what is seen of the photo. */
  #middle() {
    const [frame, svg] = [this.view.querySelector(".photo-frame"), this.drawing.svg].map((one) => one.getBoundingClientRect());
    const middle = (a, b) => (Math.max(frame[a], svg[a]) + Math.min(frame[b], svg[b])) / 2;
    return this.drawing.locate({ clientX: middle("left", "right"), clientY: middle("top", "bottom") });
  }

  #buildPanel() {
    this.part("editor").append(document.getElementById("box-editor").content.cloneNode(true));
    this.panel = this.part("editor").firstElementChild;
    const list = this.part("reviewed-list");
    for (const label of new Set([...this.photo.labels, ...this.history.reviewed])) {
      const line = document.createElement("label");
      line.className = "inline";
      const box = document.createElement("input");
      box.type = "checkbox";
      box.value = label;
      line.append(box, ` ${this.words.labels[label] || label}`);
      list.append(line);
    }
    list.addEventListener("change", () => this.#change(() => {
      this.history.reviewed = [...list.querySelectorAll("input:checked")].map((one) => one.value);
    }));
    this.part("label").addEventListener("change", (event) => this.relabel(event.target.value));
  }

  #showPanel() {
    this.part("editor").hidden = !this.isEditing;
    for (const box of this.part("reviewed-list").querySelectorAll("input")) box.checked = this.history.reviewed.includes(box.value);
    const item = this.chosen;
    this.part("chosen-tools").hidden = !item;
    this.part("none").hidden = Boolean(item);
    this.part("chosen-name").textContent = item ? describeItem(item, this.items.indexOf(item) + 1, this.words) : this.words.box;
    if (!item) return;
    const buttons = Object.fromEntries(["right", "wrong", "delete"].map((name) => [name, this.panel.querySelector(`[data-do="${name}"]`)]));
    buttons.right.hidden = buttons.wrong.hidden = item.added;
    buttons.delete.hidden = !item.added;
    buttons.right.setAttribute("aria-pressed", String(item.word === "right"));
    buttons.wrong.setAttribute("aria-pressed", String(item.word === "wrong"));
    this.part("label").value = item.label;
    this.part("place").textContent = placeOf(item.box, this.words);
  }

  /** Say beside each finding what was said of it, and list what was added. */
  #showList() {
    const list = this.part("findings");
    if (!list) return;
    for (const line of list.querySelectorAll(".added-line")) line.remove();
    const lines = [...list.querySelectorAll("li:not(.none)")];
    const isAnyJudged = this.isEditing || this.items.some((item) => item.word !== null);
    this.items.forEach((item, index) => {
      const line = item.added ? document.createElement("li") : lines[index];
      if (item.added) {
        line.className = "added-line";
        line.textContent = `${this.words.labels[item.label] || item.label} `;
        list.append(line);
      }
      let word = line.querySelector(".word");
      if (!word) {
        word = document.createElement("strong");
        word.className = "word";
        line.append(" ", word);
      }
      word.textContent = isAnyJudged ? wordOf(item, this.words) : "";
    });
    const none = list.querySelector(".none");
    if (none) none.hidden = this.items.length > 0;
  }
}
