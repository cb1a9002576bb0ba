// The nearest public toilets, as a list and on the map.
import { fetchWithin } from "./asking.js";
import { make, refill, say, the } from "./elements.js";
import { askDevice, wordsForTrouble } from "./place.js";
import { showDistance, t } from "./words.js";

const COLOR = "#7b2d8b";

/**
 * Let the button find toilets.
 * @param {function(): Promise<{lat: number, lng: number}|null>} knownPlace
 * @param {function({lat: number, lng: number}): Promise<object|null>} openMap
 */
export function connectToilets(knownPlace, openMap) {
  let dots = [];
  the("find-toilets").addEventListener("click", async () => {
    const [button, said, list] = [the("find-toilets"), the("toilets-said"), the("toilets-list")];
    button.disabled = true;
    try {
      say(said, t("正在查找……", "Looking…"));
      const place = await knownPlace() || await askDevice();
      const found = await fetchToilets(place);
      refill(list, ...found.map(row));
      say(said, found.length
        ? t(`最近的 ${found.length} 个公厕，按距离排列：`, `The ${found.length} nearest, by distance:`)
        : t("5 公里内没有登记的公厕。", "None is listed within 5 km."));
      if (found.length) {
        const map = await openMap(place);
        dots.forEach((dot) => dot.remove());
        dots = map ? found.map((one) => map.dot([one.lat, one.lng], { color: COLOR, title: one.name })) : [];
        if (map) map.fit([[place.lat, place.lng], ...found.map((one) => [one.lat, one.lng])]);
      }
    } catch (error) {
      say(said, error.status ? t("暂时查不到，请稍后再试。", "They cannot be looked up now; try again later.") : troubleWords(error));
    }
    button.disabled = false;
  });
}

function troubleWords(error) {
  if (error instanceof TypeError || error.name === "AbortError") return t("网络不好，请稍后再试。", "The network is bad; try again later.");
  return wordsForTrouble(error);
}

async function fetchToilets({ lat, lng }) {
  const answer = await fetchWithin(`/v1/toilets?lat=${lat}&lng=${lng}&datum=wgs84&limit=5`);
  if (!answer.ok) throw Object.assign(new Error("toilets"), { status: answer.status });
  return (await answer.json()).items;
}

function row(one) {
  const facts = [
    one.opening_hours ? t(`开放 ${one.opening_hours}`, `open ${one.opening_hours}`) : t("开放时间不详", "hours unknown"),
    { yes: t("无障碍", "wheelchair access"), limited: t("部分无障碍", "limited wheelchair access"), no: t("没有无障碍设施", "no wheelchair access") }[one.wheelchair] || t("有无无障碍设施不详", "wheelchair access unknown"),
  ];
  if (one.fee !== null) facts.push(one.fee ? t("收费", "fee") : t("免费", "free"));
  const head = make("p", { class: "head" }, make("strong", { text: one.name }), " ", make("span", { class: "chip number", text: showDistance(one.distance_m) }));
  const rows = [head, make("p", { class: "hint", text: facts.join(" · ") })];
  if (one.address) rows.push(make("p", { class: "hint", text: one.address }));
  return make("li", {}, ...rows);
}
