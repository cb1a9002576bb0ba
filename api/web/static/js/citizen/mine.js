// "My reports": the links of what was reported from this phone, kept in this browser alone.
import { make, refill, the } from "./elements.js";
import { keepText, keptText } from "./keeping.js";
import { showTime, t } from "./words.js";

const NAME = "street-issues.mine";
const MOST = 50;

function readMine() {
  try {
    const found = JSON.parse(keptText(NAME) || "[]");
    return Array.isArray(found) ? found.filter((one) => one && one.id && one.token) : [];
  } catch (error) {
    return [];
  }
}

/** Keep a report's link. Returns whether it outlives the page. */
export function keepMine({ id, follow_token: token, received_at: at, message_zh: zh, message_en: en }) {
  const others = readMine().filter((one) => one.id !== id);
  return keepText(NAME, JSON.stringify([{ id, token, at, zh, en }, ...others].slice(0, MOST)));
}

/** Keep what is known of it now, if it is one of these. */
export function renewMine(report) {
  const mine = readMine();
  const one = mine.find((candidate) => candidate.id === report.id);
  if (!one) return;
  const states = report.cases.map((found) => [found.state_zh, found.state_en]);
  Object.assign(one, { zh: report.message_zh, en: report.message_en, states });
  keepText(NAME, JSON.stringify(mine));
}

/** The token of a report of this phone; null: it is none. */
export function tokenOf(id) {
  const one = readMine().find((candidate) => candidate.id === id);
  return one ? one.token : null;
}

/** Show the list; `forget-mine` empties it. */
export function showMine() {
  const mine = readMine();
  refill(the("mine-list"), ...mine.map((one) => {
    const link = make("a", { href: `/r/${encodeURIComponent(one.id)}#${one.token}`, text: t(one.zh, one.en) });
    const states = (one.states || []).map(([zh, en]) => make("span", { class: "chip", text: t(zh, en) }));
    return make("li", {}, link, make("span", { class: "hint number", text: showTime(one.at) }), ...states);
  }));
  the("mine-none").hidden = mine.length > 0;
  the("forget-mine").hidden = mine.length === 0;
  the("forget-mine").onclick = () => {
    keepText(NAME, null);
    showMine();
    the("mine").focus();
  };
}
