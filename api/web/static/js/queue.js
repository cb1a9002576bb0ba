// The queue brings itself up to date, but only while somebody is there: a page left open must not
// keep a session alive for ever.

const AWAY_MS = 10 * 60 * 1000;
let lastSeen = Date.now();
for (const sign of ["keydown", "pointermove", "pointerdown", "focus"]) {
  window.addEventListener(sign, () => { lastSeen = Date.now(); }, { passive: true });
}
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id !== "queue-list") return;
  if (document.hidden || Date.now() - lastSeen > AWAY_MS) event.preventDefault();
});

// The first thing to do is to start, by Enter.
const start = document.getElementById("start");
if (start && (document.activeElement === document.body || !document.activeElement)) start.focus({ preventScroll: true });
