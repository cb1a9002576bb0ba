// Elements of a page, found and made; texts are always texts, never HTML.

/** The element with an id. */
export function the(id) {
  return document.getElementById(id);
}

/**
 * Make an element.
 * @param {string} tag
 * @param {object} [attributes] `text` is its text; an attribute that is null or false is left out.
 * @param {...(Node|string)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Take all children away and put these in. */
export function refill(element, ...children) {
  element.textContent = "";
  element.append(...children);
}

/** Say something in a place of its own; nothing: the place goes. Unchanged words are not said again. */
export function say(element, text, kind) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
  if (kind) element.className = `notice ${kind}`;
}
