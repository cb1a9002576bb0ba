// Checking a changed file of rules; nothing is changed by it.
import { fillTable, whileBusy } from "./admin_import.js";
import { send } from "./send.js";

const form = document.getElementById("rules-check");
const result = document.getElementById("rules-result");
const words = JSON.parse(form.dataset.said);

function line(text, kind) {
  const place = document.createElement("p");
  place.className = `notice ${kind}`;
  place.textContent = text;
  return place;
}

let turn = 0; // What comes of a file that was changed for another is of no use.
const drop = () => { turn += 1; result.replaceChildren(); };
form.addEventListener("input", drop);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  whileBusy(form, async () => {
    drop();
    const mine = turn;
    const { faults, changes } = await send("/console/admin/rules/check", new FormData(form));
    if (mine !== turn) return;
    document.getElementById("messages").replaceChildren();
    if (faults.length) {
      const list = document.createElement("ul");
      list.className = "faults";
      for (const one of faults) {
        const item = document.createElement("li");
        item.textContent = one;
        list.append(item);
      }
      const notice = line(words.faults, "bad");
      notice.append(list);
      result.append(notice);
    } else if (!changes.length) {
      result.append(line(words.same, "good"));
    } else {
      const table = document.getElementById("changes-table").content.cloneNode(true).firstElementChild;
      fillTable(table, changes.map((one) => [one.path, one.before, one.after]));
      result.append(line(words.changes, "good"), table, line(words.how, ""));
    }
  });
});
