// Boxes by keyboard, on the box that has the focus. Single letters (n, u, l, s, e, r) are pressed
// through js/keys.js.
import { moveBox, resizeBox } from "./boxes_model.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FAR_PX = 10;

/** Let the keyboard work on an editor's boxes. */
export function followKeyboard(editor) {
  const { svg } = editor.drawing;
  svg.addEventListener("focusin", (event) => {
    const key = event.target.closest?.("[data-key-of]")?.dataset.keyOf;
    if (key && editor.isEditing) editor.choose(key);
  });
  // Here and not by js/keys.js alone: while a box is chosen, l is its key wherever the focus is.
  editor.view.addEventListener("keydown", (event) => {
    const isWriting = event.target.matches("select, input:not([type=checkbox])");
    if (event.key !== "l" || isWriting || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!editor.isEditing || !editor.chosen) return;
    event.preventDefault();
    event.stopPropagation();
    editor.cycleLabel();
  });
  svg.addEventListener("keydown", (event) => {
    if (!editor.isEditing || !editor.chosen || event.ctrlKey || event.metaKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      const [dx, dy] = arrow.map((step) => step * (event.shiftKey ? FAR_PX : 1));
      editor.history.remember();
      const { box } = editor.chosen;
      editor.place(event.altKey ? resizeBox(box, "se", dx, dy, editor.wh) : moveBox(box, dx, dy, editor.wh));
      editor.history.forgetIdle();
    } else if (event.altKey) {
      return;
    } else if (event.key === "Delete" || event.key === "Backspace") {
      if (editor.chosen.added) editor.remove();
      else editor.mark("wrong");
    } else if (event.key === "Enter" || event.key === " ") {
      editor.mark("right");
    } else if (event.key === "Escape") {
      editor.choose(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    editor.refresh();
  });
}
