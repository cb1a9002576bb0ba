// Making a piece of the page like a newer one without replacing what stayed: focus, pictures and
// what a reader has open are kept.

/**
 * Make the children of an element like those of another. Children with an id are told by it.
 * @param {Element} present
 * @param {Element} wanted Is taken apart.
 */
export function morphChildren(present, wanted) {
  const focused = document.activeElement;
  morphList(present, wanted);
  if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}

function morphList(present, wanted) {
  const known = new Map();
  for (const child of present.children) if (child.id) known.set(child.id, child);
  const coming = new Set([...wanted.children].map((one) => one.id).filter(Boolean));
  let next = present.firstChild;
  for (const fresh of [...wanted.childNodes]) {
    while (next && next.nodeType === 1 && next.id && !coming.has(next.id)) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
    const twin = fresh.id ? known.get(fresh.id) : next && isAlike(next, fresh) ? next : null;
    if (!twin) { present.insertBefore(fresh, next); continue; }
    if (twin === next) next = next.nextSibling;
    else present.insertBefore(twin, next);
    morphOne(twin, fresh);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

function isAlike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id || "") === (other.id || "");
}

function morphOne(present, fresh) {
  if (present.nodeType !== 1) {
    if (present.nodeValue !== fresh.nodeValue) present.nodeValue = fresh.nodeValue;
    return;
  }
  if (present.nodeName !== fresh.nodeName) { present.replaceWith(fresh); return; }
  for (const { name, value } of [...fresh.attributes]) {
    if (present.getAttribute(name) !== value) present.setAttribute(name, value);
  }
  for (const { name } of [...present.attributes]) if (!fresh.hasAttribute(name)) present.removeAttribute(name);
  morphList(present, fresh);
}
