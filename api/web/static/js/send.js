// Sending what people do, and saying what came of it.

/** An answer that is no success, with the service's words. */
export class Problem extends Error {
  constructor(status, content) {
    super([content.detail, content.hint].filter(Boolean).join(" ") || `HTTP ${status}`);
    this.status = status;
    this.code = content.code || "unknown";
  }
}

/** The token that proves that a form is from this session's page. */
export function csrfToken() {
  return document.body.dataset.csrf || "";
}

/**
 * Send a form or JSON to the console and return its JSON answer; null where it answers nothing.
 * @param {string} address
 * @param {FormData|URLSearchParams|object} content FormData is sent as an upload, URLSearchParams
 *   as a form, anything else as JSON.
 * @param {string} [method]
 * @throws {Problem} The service refused; TypeError: it was not reached.
 */
export async function send(address, content, method = "POST") {
  const headers = { Accept: "application/json", "X-CSRF-Token": csrfToken() };
  let body = content;
  if (!(content instanceof FormData) && !(content instanceof URLSearchParams)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(content);
  }
  const answer = await fetch(address, { method, headers, body, credentials: "same-origin" });
  const text = await answer.text();
  let parsed = null;
  try { parsed = text ? JSON.parse(text) : null; } catch { parsed = null; }
  if (!answer.ok) throw new Problem(answer.status, parsed || {});
  return parsed;
}

/** Show a line at the top of the page; screen readers say it. kind: good, warn, bad. */
export function say(text, kind = "good") {
  const place = document.getElementById("messages");
  const line = document.createElement("p");
  line.className = `notice ${kind}`;
  line.textContent = text;
  place.replaceChildren(line);
}
