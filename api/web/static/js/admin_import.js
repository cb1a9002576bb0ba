// Imports in two steps: a preview that stores nothing, then the same file again to be stored.
import { Problem, say, send } from "./send.js";

const ENGLISH = document.documentElement.lang === "en";
const UNSENT = ENGLISH
  ? "Nothing was sent: the service cannot be reached, or the file was changed after it was chosen. Choose it again."
  : "没有送出：无法连接到服务，或文件在选定后被改过。请重新选择文件再试。";
const NO_MAP = ENGLISH ? "The map cannot be opened now." : "地图暂时打不开。";

/** Put values into a text's {names}; the text is shown by textContent alone. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Put rows of texts into a table's body; a cell may be {text, className}. */
export function fillTable(wrap, rows) {
  wrap.hidden = rows.length === 0;
  wrap.querySelector("tbody").replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    for (const cell of cells) {
      const place = document.createElement("td");
      place.textContent = cell?.text ?? cell;
      if (cell?.className) place.className = cell.className;
      row.append(place);
    }
    return row;
  }));
}

/**
 * Wire the two forms of an import.
 * @param {{form: HTMLFormElement, preview: HTMLElement, confirm: HTMLFormElement,
 *   address: string, show: (found: object) => boolean, draw: (found: object) => Promise<void>,
 *   done: (answer: object) => string}} parts `show` tells whether there is anything to import;
 *   `draw` puts it on a map; `done` names the address that shows what came of it.
 */
export function wireImport({ form, preview, confirm, address, show, draw, done }) {
  let looked = null; // What the preview was made of: exactly that is stored.
  let turn = 0; // A preview that comes after the form was changed is of no use.

  const drop = () => { turn += 1; looked = null; preview.hidden = true; };
  form.addEventListener("input", drop);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const content = new FormData(form);
    drop();
    const mine = turn;
    await whileBusy(form, async () => {
      const found = await send(`${address}/preview`, content);
      if (mine !== turn) return;
      preview.hidden = false;
      looked = null;
      confirm.reset();
      looked = content;
      confirm.querySelector("button:not([type=reset])").disabled = !show(found);
      document.getElementById("messages").replaceChildren();
      preview.focus();
      await draw(found).catch(() => say(NO_MAP, "warn")); // The tables say it all.
    });
  });

  confirm.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!looked) return;
    const content = new FormData(confirm);
    for (const [name, value] of looked) content.append(name, value);
    await whileBusy(confirm, async () => location.assign(done(await send(address, content))));
  });

  confirm.addEventListener("reset", () => {
    if (!looked) return; // A new preview unticks what was ticked for the last.
    drop();
    form.querySelector("input").focus();
  });
}

/** Do something once at a time, and say what went wrong. */
export async function whileBusy(form, work) {
  const buttons = [...form.querySelectorAll("button")].filter((one) => !one.disabled);
  for (const one of buttons) one.disabled = true;
  form.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    say(error instanceof Problem ? error.message : UNSENT, "bad");
  } finally {
    for (const one of buttons) one.disabled = false;
    form.removeAttribute("aria-busy");
  }
}
