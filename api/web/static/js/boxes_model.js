// Boxes of one photo as a person judges them: plain values and what can be done with them. Boxes are
// [left, top, right, bottom] in pixels of the full-size upright photo.

const LEAST_PX = 2; // Thinner ones are slips of the hand

/** The boxes of a photo (the JSON of data-photo), with what the newest verdict says of them. */
export function makeItems(photo) {
  const said = new Map((photo.verdict?.findings || []).map((one) => [one.finding_id, one]));
  const items = photo.findings.map((one) => {
    const word = said.get(one.id);
    return {
      key: one.id,
      added: false,
      foundLabel: one.label,
      foundBox: [...one.box_xyxy],
      label: word?.right_label || one.label,
      box: [...(word?.right_box_xyxy || one.box_xyxy)],
      score: one.score,
      severity: one.severity,
      flagged: one.flagged,
      word: word ? (word.verdict === "false" ? "wrong" : "right") : null,
    };
  });
  for (const one of photo.verdict?.added || []) items.push(newItem(one.label, one.box_xyxy));
  return items;
}

let drawn = 0;

/** A box that no finding showed. */
export function newItem(label, box) {
  drawn += 1;
  return { key: `added-${drawn}`, added: true, label, box: [...box], flagged: true, word: "right" };
}

/** What is said of a finding, as the API names it; null: nothing yet. */
export function verdictOf(item) {
  if (item.added || item.word === null) return null;
  if (item.word === "wrong") return "false";
  if (item.label !== item.foundLabel) return "wrong_label";
  return hasMoved(item) ? "moved" : "true";
}

function hasMoved(item) {
  return item.box.some((edge, index) => edge !== item.foundBox[index]);
}

/** The body of POST …/verdict. */
export function bodyOf(items, reviewed) {
  const findings = [];
  for (const item of items) {
    const verdict = verdictOf(item);
    if (!verdict) continue;
    const one = { finding_id: item.key, verdict };
    if (verdict === "wrong_label") one.right_label = item.label;
    if (verdict === "moved" || (verdict === "wrong_label" && hasMoved(item))) one.right_box_xyxy = item.box;
    findings.push(one);
  }
  const added = items.filter((item) => item.added).map((item) => ({ label: item.label, box_xyxy: item.box }));
  return { findings, added, reviewed };
}

/** The first box that a reviewed label leaves open: over the threshold, and nobody said a word. */
export function firstUnjudged(items, reviewed) {
  return items.find((item) => !item.added && item.flagged && item.word === null && reviewed.includes(item.foundLabel)) || null;
}

/** A box moved by whole pixels, kept within the photo. */
export function moveBox(box, dx, dy, [width, height]) {
  const x = Math.min(Math.max(dx, -box[0]), width - box[2]);
  const y = Math.min(Math.max(dy, -box[1]), height - box[3]);
  return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
}

/**
 * A box with some of its edges moved by whole pixels, kept within the photo.
 * @param {string} edges Letters of n, s, w, e
 */
export function resizeBox(box, edges, dx, dy, [width, height]) {
  let [x1, y1, x2, y2] = box;
  if (edges.includes("w")) x1 = Math.min(Math.max(x1 + dx, 0), x2 - LEAST_PX);
  if (edges.includes("e")) x2 = Math.max(Math.min(x2 + dx, width), x1 + LEAST_PX);
  if (edges.includes("n")) y1 = Math.min(Math.max(y1 + dy, 0), y2 - LEAST_PX);
  if (edges.includes("s")) y2 = Math.max(Math.min(y2 + dy, height), y1 + LEAST_PX);
  return [x1, y1, x2, y2];
}

/** The box between two corners, in whole pixels, within the photo. */
export function spanBox(a, b, [width, height]) {
  const fit = (value, side) => Math.min(Math.max(Math.round(value), 0), side);
  const [xs, ys] = [[fit(a.x, width), fit(b.x, width)], [fit(a.y, height), fit(b.y, height)]];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** What was before each change, so that it can be taken back. */
export class History {
  constructor(items, reviewed) {
    this.items = items;
    this.reviewed = reviewed;
    this.past = [];
    this.saved = this.#text();
  }

  /** To be called before a change. */
  remember() { this.past.push(this.#text()); }

  undo() {
    const before = this.past.pop();
    if (before) ({ items: this.items, reviewed: this.reviewed } = JSON.parse(before));
    return Boolean(before);
  }

  /** Drop the last memory if nothing has changed since, as after a click that moved nothing. */
  forgetIdle() { if (this.past.at(-1) === this.#text()) this.past.pop(); }

  /** What there is now, for markSaved. */
  get present() { return this.#text(); }

  /** `sent` was saved; what was changed since is not. */
  markSaved(sent) {
    this.saved = sent;
    if (!this.isDirty) this.past = [];
  }

  get isDirty() { return this.#text() !== this.saved; }

  #text() { return JSON.stringify({ items: this.items, reviewed: this.reviewed }); }
}
