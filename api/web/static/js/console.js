// What every page of the console does: keyboard, and errors of htmx's requests in words.
import { pressKey, showKeys } from "./keys.js";
import { sendOnce } from "./once.js";
import { say } from "./send.js";

document.addEventListener("keydown", pressKey);
sendOnce();
document.getElementById("show-keys")?.addEventListener("click", showKeys);

document.body.addEventListener("htmx:responseError", (event) => {
  const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  say(answer.querySelector("[role=alert]")?.textContent.trim().replace(/\s+/g, " ") || `HTTP ${event.detail.xhr.status}`, "bad");
});
document.body.addEventListener("htmx:sendError", () => {
  say(document.documentElement.lang === "en" ? "The service cannot be reached." : "无法连接到服务。", "bad");
});

// A button that opens a dialog: data-opens="ID"; the first field gets the focus.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest?.("[data-closes]");
  if (closer) closer.closest("dialog").close();
});
