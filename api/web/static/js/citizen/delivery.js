// One try to send a report, and what its answer means.
import { t } from "./words.js";

const STALL_MS = 60000; // Without any progress the connection is given up

/**
 * Send a report once.
 * @param {object} draft As draft.js makes it.
 * @param {function(number)} onShare Told the share that is sent, 0 to 1.
 * @returns {Promise<{outcome: "accepted", answer: object}|{outcome: "later", after_s: number|null}
 *   |{outcome: "refused", words: string, field: string|null}>}
 */
export function deliver(draft, onShare) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let stall = 0;
    const later = (after_s = null) => { window.clearTimeout(stall); resolve({ outcome: "later", after_s }); };
    const alive = () => {
      window.clearTimeout(stall);
      stall = window.setTimeout(() => { request.abort(); }, STALL_MS);
    };
    request.open("POST", "/v1/reports");
    request.setRequestHeader("Idempotency-Key", draft.key);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      alive();
      if (event.lengthComputable) onShare(event.loaded / event.total);
    };
    request.onerror = () => later();
    request.onabort = () => later();
    request.onload = () => {
      window.clearTimeout(stall);
      resolve(judge(request));
    };
    alive();
    request.send(formOf(draft));
  });
}

function formOf(draft) {
  const form = new FormData();
  for (const [name, text] of Object.entries(draft.fields)) form.append(name, text);
  form.append("photo", new Blob([draft.photo], { type: draft.type }), draft.name);
  return form;
}

function judge(request) {
  let content = null;
  try { content = JSON.parse(request.responseText); } catch (error) { content = null; }
  const { status } = request;
  if (status >= 200 && status < 300) {
    // A hotel's sign-in page answers 200, too.
    const ours = content && content.id && content.follow_token;
    return ours ? { outcome: "accepted", answer: content } : { outcome: "later", after_s: null };
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500 || status < 400) {
    const after_s = Number.parseInt(request.getResponseHeader("Retry-After") || "", 10);
    return { outcome: "later", after_s: Number.isNaN(after_s) ? null : after_s };
  }
  return refusal(status, content || {});
}

function refusal(status, content) {
  const wrong = (content.errors || []).map((one) => one.path.split(".").pop());
  const field = wrong.find((name) => ["note", "phone", "address", "label"].includes(name)) || null;
  return { outcome: "refused", words: wordsFor(status, content, field), field };
}

function wordsFor(status, content, field) {
  if (status === 413) return t("照片太大了，请换一张小一些的。", "The photo is too large: choose a smaller one.");
  if (status === 415) return t("这个文件不是我们能打开的照片，请换一张 JPEG、PNG、WebP 或 HEIC 照片。", "This file is no photo that we can open: choose a JPEG, PNG, WebP or HEIC photo.");
  if (status === 422 && field) {
    const name = { note: t("说明", "note"), phone: t("手机号", "phone"), address: t("地址", "address"), label: t("问题类型", "kind of problem") }[field];
    return t(`“${name}”填得不对，请修改后再发。`, `Something is wrong with the ${name}: correct it and send again.`);
  }
  if (status === 422 && content.code !== "invalid_request") return t("照片打不开，可能已损坏，请换一张。", "The photo cannot be opened, it may be damaged: choose another one.");
  if (status === 401 || status === 403) return t("这里现在不接受公众上报。", "Reports from the public are not taken here at present.");
  return t(`没有被接受（${status}），请修改后再发。`, `It was not accepted (${status}): change it and send again.`);
}
