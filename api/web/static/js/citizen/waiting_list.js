// The outbox as people see it.
import { make, refill, say, the } from "./elements.js";
import { t } from "./words.js";

let rows = new Map();

/**
 * Show what is on its way.
 * @param {Array<object>} entries Of outbox.js.
 * @param {{retry: function(), edit: function(object), remove: function(object)}} acts
 */
export function showWaiting(entries, acts) {
  the("outbox-part").hidden = entries.length === 0;
  const kept = new Map();
  for (const entry of entries) {
    const row = rows.get(entry.draft.key) || makeRow(entry, acts);
    kept.set(entry.draft.key, row);
    update(row, entry);
  }
  if (kept.size !== rows.size || [...kept.keys()].some((key) => !rows.has(key))) {
    refill(the("outbox"), ...[...kept.values()].map((row) => row.item));
  }
  rows = kept;
}

function makeRow(entry, acts) {
  const bar = make("progress", { max: 1, "aria-label": t("已发送", "Sent so far") });
  const words = make("p", { class: "words", role: "status" });
  const retry = make("button", { type: "button", text: t("现在重试", "Try now") });
  const edit = make("button", { type: "button", text: t("修改", "Change it") });
  const remove = make("button", { type: "button", class: "danger", text: t("删除", "Throw it away") });
  retry.addEventListener("click", acts.retry);
  edit.addEventListener("click", () => acts.edit(entry));
  remove.addEventListener("click", () => acts.remove(entry));
  const item = make("li", {}, words, bar, make("div", { class: "pick" }, retry, edit, remove));
  return { item, bar, words, retry, edit, remove };
}

function update(row, entry) {
  say(row.words, wordsOf(entry));
  const sending = entry.state === "sending";
  row.bar.hidden = entry.state === "refused";
  if (sending) row.bar.value = entry.share;
  else row.bar.value = 0;
  row.retry.hidden = entry.state !== "pausing" || entry.notBefore > Date.now();
  row.edit.hidden = entry.state !== "refused";
  row.remove.hidden = entry.state !== "refused";
  row.item.className = entry.state;
}

function wordsOf(entry) {
  if (entry.state === "refused") return entry.draft.refused;
  if (entry.state === "pausing") {
    const safe = entry.kept
      ? t("已存在手机里，可以先关闭本页，下次打开会接着发。", "It is kept on this phone: you may close the page, it is sent when you open it again.")
      : t("请不要关闭本页。", "Please leave this page open.");
    const why = entry.notBefore
      ? t("现在上报的人多，过一会儿会自动再发。", "Many report just now: it is sent again by itself in a while.")
      : t("网络不好，还没发出去，会自动重试。", "The network is bad: not sent yet, it is tried again by itself.");
    return `${why}${t("", " ")}${safe}`;
  }
  if (entry.state === "waiting") return t("等待发送……", "Waiting to be sent…");
  // In steps of a tenth, so that screen readers are not flooded.
  if (entry.share >= 1) return t("已上传，正在等待答复……", "Uploaded, waiting for the answer…");
  return t(`正在上传 ${Math.floor(entry.share * 10) * 10}%`, `Uploading, ${Math.floor(entry.share * 10) * 10}%`);
}
