// The page /r/{id}#token: one report, followed.
import { say, the } from "./elements.js";
import { Following } from "./following.js";
import { begin } from "./install.js";
import { renewMine, tokenOf } from "./mine.js";
import { connectToilets } from "./toilets.js";
import { t } from "./words.js";

const id = decode(window.location.pathname.split("/").pop());
let map = null;
let following = null;

function decode(text) {
  try { return decodeURIComponent(text); } catch (error) { return text; } // A torn link
}

// A header takes no other signs, and no token holds any.
function tokenHere() {
  return decode(window.location.hash.slice(1)).replace(/[^\x21-\x7e]/g, "") || tokenOf(id) || "";
}

function showMissing(words) {
  the("follow-opening").hidden = true;
  the("follow").hidden = true;
  the("no-report").hidden = false;
  say(the("no-report-why"), words);
  the("no-report-title").focus();
}

function open() {
  const token = tokenHere();
  if (!token) {
    showMissing(t("链接不完整：请从“我的上报”打开，或使用完整的跟踪链接。", "The link is not whole: open it from “My reports”, or use the whole link."));
    return;
  }
  following = new Following(id, token, {
    found: (report) => { the("follow-opening").hidden = true; renewMine(report); },
    gone: () => showMissing(t("链接不对，或者这次上报已被删除。", "The link is wrong, or the report was deleted.")),
  });
  the("follow-title").textContent = t("上报进度", "Your report");
  following.start();
}

async function placeHere() {
  return following && following.position();
}

async function openTheMap(place) {
  if (map) return map;
  the("map-part").hidden = false;
  const { openMap } = await import("../map.js");
  map = await openMap(the("map"), { center: [place.lat, place.lng] });
  const own = await placeHere();
  if (own) map.pin([own.lat, own.lng], { title: t("您上报的位置", "Where you reported it") });
  return map;
}

begin();
open();
connectToilets(placeHere, (place) => openTheMap(place).catch(() => { the("map-part").hidden = true; return null; }));
window.addEventListener("hashchange", () => window.location.reload());
