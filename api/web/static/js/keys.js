// Keyboard: an element with data-key="a" is pressed by that key, with data-key="g 1" by two keys
// one after the other. Elements that are hidden or disabled are not. `?` shows the list.

const PATIENCE_MS = 1500; // Between the first and the second key
let first = "";
let firstAt = 0;

function isWriting(element) {
  return element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName)
    && !/^(checkbox|radio|button|submit|range|file)$/.test(element.type);
}

function isThere(element) {
  return !element.disabled && element.offsetParent !== null;
}

function nameOf(element) {
  return element.dataset.keyName || element.getAttribute("aria-label")
    || [...element.childNodes].filter((one) => one.nodeName !== "KBD").map((one) => one.textContent).join("").trim();
}

export function pressKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const dialog = document.querySelector("dialog[open]");
  if (isWriting(event.target)) return;
  if (event.key === "?" && !dialog) { showKeys(); event.preventDefault(); return; }
  const now = Date.now();
  const both = first && now - firstAt < PATIENCE_MS ? `${first} ${event.key}` : event.key;
  const within = dialog || document;
  const found = [...within.querySelectorAll("[data-key]")].filter(isThere);
  const hit = found.find((one) => one.dataset.key === both);
  first = "";
  if (hit) {
    event.preventDefault();
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(hit.tagName) && hit.type !== "checkbox" && hit.type !== "radio") hit.focus();
    else hit.click();
  } else if (found.some((one) => one.dataset.key.startsWith(`${event.key} `))) {
    first = event.key;
    firstAt = now;
  }
}

export function showKeys() {
  const dialog = document.getElementById("keys-dialog");
  if (!dialog || dialog.open) return;
  const list = dialog.querySelector("dl");
  list.replaceChildren();
  for (const one of [...document.querySelectorAll("[data-key]")].filter(isThere)) {
    const term = document.createElement("dt");
    for (const key of one.dataset.key.split(" ")) {
      const shown = document.createElement("kbd");
      shown.textContent = key;
      term.append(shown, " ");
    }
    const meaning = document.createElement("dd");
    meaning.textContent = nameOf(one);
    list.append(term, meaning);
  }
  dialog.showModal();
}
