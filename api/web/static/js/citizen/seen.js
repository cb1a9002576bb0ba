// The blurred photo with what the model saw, in plain words, and whether that is right.
import { make, refill, say, the } from "./elements.js";
import { t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const TRIES = 5; // Of a photo that does not come

/** Show a report's photo and findings; nothing is drawn again that has not changed. */
export function showSeen(following, report) {
  if (report.state !== "waiting") showPhoto(following, report);
  const drawn = report.findings.map((one) => one.id).join();
  if (following.drawn === drawn) { report.findings.forEach((one) => showWord(following, one)); return; }
  following.drawn = drawn;
  the("findings-part").hidden = report.findings.length === 0;
  following.rows = {};
  refill(the("findings"), ...report.findings.map((one, index) => makeRow(following, one, index + 1)));
  report.findings.forEach((one) => showWord(following, one));
}

async function showPhoto(following, report) {
  following.photoTries = following.photoTries || 0;
  if (following.photo || following.photoTries >= TRIES) return;
  following.photo = true; // One at a time
  following.photoTries += 1;
  let blob;
  try {
    blob = await (await following.ask("/photo?size=medium")).blob();
  } catch (error) {
    // A photo that nobody can open never comes; one that was deleted neither.
    following.photo = error.status === 404 || error.status === 410 || error.status === 422;
    return;
  }
  if (following.stopped) return;
  const names = report.findings.map((one, index) => `${index + 1} ${t(one.name_zh, one.name_en)}`);
  const marked = names.length ? t(`；标出：${names.join("，")}`, `; marked: ${names.join(", ")}`) : "";
  const image = make("img", { alt: t("您的照片，人脸和车牌已模糊", "Your photo, faces and number plates blurred") + marked });
  image.onload = () => URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
  const figure = the("follow-figure");
  const frame = make("div", { class: "frame" }, image);
  if (report.image_wh && report.findings.length) frame.append(drawBoxes(report));
  refill(figure, frame, make("figcaption", { class: "hint", text: t("人脸和车牌已模糊", "Faces and number plates are blurred") }));
  figure.hidden = false;
}

function drawBoxes(report) {
  const [width, height] = report.image_wh;
  const drawing = document.createElementNS(SVG, "svg");
  const put = (name, attributes, text = "") => {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, String(value));
    shape.textContent = text;
    drawing.append(shape);
  };
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  drawing.setAttribute("aria-hidden", "true"); // The words beside say the same.
  const side = Math.max(width, height) / 14;
  report.findings.forEach((one, index) => {
    const [x1, y1, x2, y2] = one.box_xyxy;
    put("rect", { class: "box-under", x: x1, y: y1, width: x2 - x1, height: y2 - y1 });
    put("rect", { class: `box box-${one.label}`, x: x1, y: y1, width: x2 - x1, height: y2 - y1 });
    const [left, top] = [Math.min(x1, width - side), Math.min(y1, height - side)];
    put("rect", { class: `tag tag-${one.label}`, x: left, y: top, width: side, height: side });
    put("text", { class: "tag-text", x: left + side / 2, y: top + side * 0.73, "font-size": side * 0.65, "text-anchor": "middle" }, String(index + 1));
  });
  return drawing;
}

function makeRow(following, finding, number) {
  const name = t(finding.name_zh, finding.name_en);
  const button = (right, text) => {
    const made = make("button", { type: "button", text, "aria-pressed": "false", "aria-label": t(`${number} ${name}：${text}`, `${number} ${name}: ${text}`) });
    made.addEventListener("click", () => giveWord(following, finding, right));
    return made;
  };
  const row = { yes: button(true, t("对", "Right")), no: button(false, t("不对", "Wrong")), said: null };
  following.rows[finding.id] = row;
  const tag = make("span", { class: `tag-mark tag-${finding.label}`, text: String(number) });
  return make("li", {}, make("span", { class: "what" }, tag, name), make("span", { class: "pair" }, row.yes, row.no));
}

function showWord(following, finding) {
  const row = following.rows[finding.id];
  if (finding.said_right === true || finding.said_right === false) row.said = finding.said_right;
  row.yes.setAttribute("aria-pressed", String(row.said === true));
  row.no.setAttribute("aria-pressed", String(row.said === false));
}

async function giveWord(following, finding, right) {
  const row = following.rows[finding.id];
  row.yes.disabled = true;
  row.no.disabled = true;
  try {
    await following.ask(`/findings/${encodeURIComponent(finding.id)}/word`, { method: "PUT", body: JSON.stringify({ right }) });
    finding.said_right = right;
    showWord(following, finding);
    say(the("word-said"), t("谢谢，记下了。这只是参考，最后由工作人员判断。", "Thank you, noted. It is a hint: a person decides in the end."));
  } catch (error) {
    say(the("word-said"), t("没有记下，请再点一次。", "That was not noted: please press again."));
  }
  row.yes.disabled = false;
  row.no.disabled = false;
  (right ? row.yes : row.no).focus();
}
