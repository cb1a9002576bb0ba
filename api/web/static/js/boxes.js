// The photos of a case: which one is shown, its boxes, and originals for who gives a reason.
import { Editor } from "./boxes_editor.js";
import { Viewer } from "./boxes_viewer.js";
import { say } from "./send.js";

const editors = new Set();

function start(section) {
  const about = { words: JSON.parse(section.dataset.words), caseId: section.dataset.case, caseLabel: section.dataset.label };
  const views = [...section.querySelectorAll(".photo-view")];
  for (const view of views) {
    const photo = JSON.parse(view.dataset.photo);
    let editor = null;
    if (view.querySelector("svg.boxes")) {
      editor = new Editor(view, photo, about);
      editors.add(editor);
    }
    if (view.querySelector(".photo-frame")) new Viewer(view, about.words, () => editor?.refresh());
  }
  listenToStrip(section, views);
  listenToOriginals(section, about.words);
}

function listenToStrip(section, views) {
  const thumbs = [...section.querySelectorAll("[data-show]")];
  let shown = 0;
  const show = (index) => {
    shown = (index + views.length) % views.length;
    views.forEach((view, number) => { view.hidden = number !== shown; });
    thumbs.forEach((thumb, number) => {
      if (number === shown) thumb.setAttribute("aria-current", "true");
      else thumb.removeAttribute("aria-current");
    });
    thumbs[shown].scrollIntoView({ block: "nearest", inline: "nearest" });
    section.querySelector('[data-part="count"]').textContent = `${shown + 1} / ${views.length}`;
  };
  for (const thumb of thumbs) thumb.addEventListener("click", () => show(Number(thumb.dataset.show)));
  for (const button of section.querySelectorAll("[data-turn]")) {
    button.addEventListener("click", () => show(shown + Number(button.dataset.turn)));
  }
}

function listenToOriginals(section, words) {
  const dialog = section.querySelector("#original-dialog");
  if (!dialog) return;
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-original]");
    if (!opener || !dialog.isConnected) return;
    if (hasUnsaved()) { say(words.saveFirst); return; } // Loading a download may end in another page.
    dialog.querySelector("form").action = opener.dataset.original;
    dialog.showModal();
  });
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.stopPropagation(); // A download is no decision on the case: the page stays.
    setTimeout(() => { dialog.close(); dialog.querySelector("form").reset(); say(words.downloading); }, 0);
  });
}

function hasUnsaved() {
  return [...editors].some((editor) => editor.view.isConnected && editor.isDirty);
}

window.addEventListener("beforeunload", (event) => { if (hasUnsaved()) event.preventDefault(); });

function startAll(root) {
  for (const section of root.querySelectorAll(".photos:not([data-started])")) {
    section.dataset.started = "true";
    start(section);
  }
}

startAll(document);
document.addEventListener("htmx:load", (event) => startAll(event.detail.elt.parentNode || document));
