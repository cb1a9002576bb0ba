// What every page of the citizens does first: show itself, work without a network.
import { the } from "./elements.js";

export function begin() {
  the("needs-script").remove();
  the("page").hidden = false;
  // The language link keeps what stands behind #: the token of a report.
  for (const link of document.querySelectorAll("a[hreflang]")) link.addEventListener("click", () => { link.hash = window.location.hash; });
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("/sw.js").catch(() => {
      // On http and in private windows there is none: the page then needs a network.
    });
  }
}
