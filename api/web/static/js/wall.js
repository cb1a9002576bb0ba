// The wall keeps itself fresh: htmx asks, the tiles are changed in place, and what became of a
// camera is said.
import { morphChildren } from "./morph.js";

const MOST_NEWS = 8; // Older lines go; what changed in one round all stays
const content = document.getElementById("wall-content");
const news = document.getElementById("wall-news");
const pause = document.getElementById("wall-pause");
const full = document.getElementById("wall-full");
let paused = false;

function readTiles(within) {
  const found = new Map();
  for (const tile of within.querySelectorAll("[data-state]")) found.set(tile.id, tile.dataset);
  return found;
}

function saidAt(within) {
  return Number(within.querySelector("[data-now]")?.dataset.now || 0);
}

/** Say which cameras changed; one that came onto the page only if it changed since the last look. */
function tellChanges(before, after, lastLook) {
  let told = 0;
  for (const [id, tile] of after) {
    const known = before.get(id);
    const changed = known ? known.state !== tile.state : Number(tile.noticed) > lastLook;
    if (!changed) continue;
    tell(tile.news);
    told += 1;
  }
  while (told && news.children.length > Math.max(MOST_NEWS, told)) news.lastChild.remove();
}

function tell(text) {
  const line = document.createElement("p");
  const time = document.createElement("span");
  time.className = "hint";
  time.textContent = ` ${new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false })}`;
  line.append(text, time);
  news.prepend(line);
}

content.addEventListener("htmx:beforeRequest", (event) => {
  if (paused || document.hidden) event.preventDefault();
});
content.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status !== 200) return;
  event.detail.shouldSwap = false;
  const fresh = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").body;
  const [before, lastLook] = [readTiles(content), saidAt(content)];
  const after = readTiles(fresh);
  const told = new Map([...after].map(([id, data]) => [id, { ...data }]));
  const earlier = new Map([...before].map(([id, data]) => [id, { ...data }]));
  morphChildren(content, fresh);
  tellChanges(earlier, told, lastLook);
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused) window.htmx.trigger(content, "look");
});

pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  if (!paused) window.htmx.trigger(content, "look");
});

full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.getElementById("wall").requestFullscreen();
});
