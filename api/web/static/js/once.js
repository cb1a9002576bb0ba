// Pressed twice, sent once. Who is asked whether to leave, and stays, or stops the loading, can send
// again: what is in each form lets the server refuse what came twice all the same.

const RESEND_MS = 10000;
let sent = false;
const forget = () => { sent = false; };

function holdBack(event) {
  if (event.defaultPrevented || event.target.method !== "post") return; // Another script sends it.
  if (sent) event.preventDefault();
  else setTimeout(forget, RESEND_MS);
  sent = true;
}

/** Let each of the page's forms go out once; a form that leaves the page keeps its own event. */
export function sendOnce() {
  document.addEventListener("submit", holdBack);
  window.addEventListener("pageshow", forget);
  window.addEventListener("beforeunload", (event) => setTimeout(() => { if (event.defaultPrevented) forget(); }, 0));
}
