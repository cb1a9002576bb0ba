// Boxes by mouse, pen and finger: move, resize by the handles, draw a new one.
import { moveBox, newItem, resizeBox, spanBox } from "./boxes_model.js";

const LEAST_DRAG_PX = 4; // On the screen: less is a click
const TAP_SHARE = 0.2; // Of the photo's sides: the box that a tap makes

/** Let a pointer work on an editor's boxes. */
export function followPointer(editor) {
  const { svg } = editor.drawing;
  let drag = null;

  svg.addEventListener("pointerdown", (event) => {
    if (!editor.isEditing || !event.isPrimary || event.button !== 0) return;
    const start = editor.drawing.locate(event);
    const edges = event.target.dataset?.edges;
    const key = event.target.closest?.("[data-key-of]")?.dataset.keyOf;
    if (!editor.isDrawing && (edges || key)) {
      if (key) editor.choose(key);
      drag = { kind: edges ? "resize" : "move", edges, start, from: [...editor.chosen.box] };
    } else if (editor.isDrawing || event.pointerType === "mouse") {
      drag = { kind: "draw", start };
    } else {
      return; // A finger on an empty place scrolls.
    }
    drag.at = [event.clientX, event.clientY];
    event.preventDefault();
    if (drag.kind !== "draw") { editor.history.remember(); editor.drawing.focus(editor.chosenKey); }
    svg.setPointerCapture(event.pointerId);
  });

  svg.addEventListener("pointermove", (event) => {
    if (!drag || !event.isPrimary) return;
    const now = editor.drawing.locate(event);
    if (!drag.isFar) drag.isFar = Math.hypot(event.clientX - drag.at[0], event.clientY - drag.at[1]) >= LEAST_DRAG_PX;
    if (!drag.isFar) return;
    if (drag.kind === "draw") { editor.drawing.sketch(spanBox(drag.start, now, editor.wh)); return; }
    const [dx, dy] = [Math.round(now.x - drag.start.x), Math.round(now.y - drag.start.y)];
    const box = drag.kind === "move" ? moveBox(drag.from, dx, dy, editor.wh) : resizeBox(drag.from, drag.edges, dx, dy, editor.wh);
    editor.place(box);
  });

  svg.addEventListener("pointerup", (event) => {
    if (!drag || !event.isPrimary) return;
    const ended = drag;
    drag = null;
    editor.drawing.sketch(null);
    if (ended.kind !== "draw") editor.history.forgetIdle();
    else if (ended.isFar) editor.add(newItem(editor.newLabel, spanBox(ended.start, editor.drawing.locate(event), editor.wh)));
    else if (editor.isDrawing) editor.add(newItem(editor.newLabel, around(ended.start, editor.wh)));
    else editor.choose(null);
    editor.refresh();
  });

  svg.addEventListener("pointercancel", () => {
    if (!drag) return;
    if (drag.kind !== "draw") editor.history.undo();
    drag = null;
    editor.drawing.sketch(null);
    editor.refresh();
  });
}

/** A box of a fair size around a place, within the photo. */
export function around(place, [width, height]) {
  const [w, h] = [Math.round(width * TAP_SHARE), Math.round(height * TAP_SHARE)];
  const x = Math.min(Math.max(Math.round(place.x - w / 2), 0), width - w);
  const y = Math.min(Math.max(Math.round(place.y - h / 2), 0), height - h);
  return [x, y, x + w, y + h];
}
