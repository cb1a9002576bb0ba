// The cases of a report: how far each is, its after-photo, and a way to say that it is not solved.
import { make, say, the } from "./elements.js";
import { showTime, t } from "./words.js";

const STEPS = [["已收到", "Received"], ["已立案", "Filed"], ["处理中", "Being handled"], ["核查", "Being checked"], ["已结案", "Closed"]];
const STEP_OF = {
  collected: 0, verified: 0, filed: 1, dispatched: 2, sent_back: 2, handled: 3, reported_back: 3, checked: 3, closed: 4, evaluated: 4,
};

/** Show a report's cases; a card that is there stays, with what is being written in it. */
export function showCases(following, report) {
  if (!following.cards) following.cards = {};
  the("cases-part").hidden = report.cases.length === 0;
  for (const found of report.cases) {
    if (!following.cards[found.number]) {
      following.cards[found.number] = makeCard(following, found.number);
      the("cases").append(following.cards[found.number].element);
    }
    update(following, following.cards[found.number], found);
  }
  for (const number of Object.keys(following.cards)) {
    if (!report.cases.some((one) => one.number === number)) { // It was split away or merged.
      following.cards[number].element.remove();
      delete following.cards[number];
    }
  }
}

function makeCard(following, number) {
  const name = make("strong");
  const chip = make("span");
  const since = make("p", { class: "hint" });
  const steps = make("ol", { class: "steps", "aria-label": t("进度", "Progress") });
  const after = make("figure", { class: "after", hidden: true });
  const objection = makeObjection(following, number);
  const head = make("h3", {}, name, " ", make("span", { class: "number soft", text: number }));
  const element = make("article", { class: "case" }, head, make("p", { role: "status" }, chip), steps, since, after, objection.element);
  return { element, name, chip, since, steps, after, objection, photoOf: "" };
}

function update(following, card, found) {
  card.name.textContent = t(found.name_zh, found.name_en);
  const words = t(found.state_zh, found.state_en);
  if (card.chip.textContent !== words) card.chip.textContent = words;
  card.chip.className = `chip state-${found.state}`;
  const due = found.due_at && STEP_OF[found.state] < 4 ? t(`，期限 ${showTime(found.due_at)}`, `, due ${showTime(found.due_at)}`) : "";
  card.since.textContent = t(`${showTime(found.state_since)} 起${due}`, `since ${showTime(found.state_since)}${due}`);
  showSteps(card.steps, STEP_OF[found.state]);
  const ended = found.ended_at || found.state_since;
  if (found.after_photo && card.photoOf !== ended) showAfter(following, card, found, ended);
  if (!found.after_photo) { card.after.hidden = true; card.photoOf = ""; }
  card.objection.element.hidden = !found.may_object;
  card.objection.until.textContent = found.objection_until
    ? t(`${showTime(found.objection_until)} 之前可以提出。`, `You may say so until ${showTime(found.objection_until)}.`) : "";
}

function showSteps(list, present) {
  list.hidden = present === undefined; // Dismissed, or merged into another case.
  if (list.dataset.present === String(present)) return;
  list.dataset.present = String(present);
  list.textContent = "";
  STEPS.forEach(([zh, en], number) => {
    const step = make("li", { text: t(zh, en), class: number < present ? "done" : null, "aria-current": number === present ? "step" : null });
    if (number < present) step.append(make("span", { class: "visually-hidden", text: t("（已完成）", " (done)") }));
    list.append(step);
  });
}

async function showAfter(following, card, found, ended) {
  card.photoOf = ended;
  try {
    const blob = await (await following.ask(`/cases/${encodeURIComponent(found.number)}/after-photo`)).blob();
    const image = make("img", { alt: t("处理后的照片，人脸和车牌已模糊", "The photo afterwards, faces and number plates blurred") });
    image.onload = () => URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(blob);
    card.after.textContent = "";
    card.after.append(image, make("figcaption", { class: "hint", text: t("处理后", "Afterwards") }));
    card.after.hidden = false;
  } catch (error) {
    card.photoOf = ""; // Asked for again with the next look.
  }
}

function makeObjection(following, number) {
  const id = `objection-${number}`;
  const note = make("textarea", { id, rows: "3", maxlength: "1000", placeholder: t("现在看到的情况（可不填）", "What you see there now (optional)") });
  const until = make("p", { class: "hint" });
  const button = make("button", { type: "submit", class: "danger wide", text: t("没解决，请再处理", "Not solved: please look again") });
  const form = make("form", {}, make("label", { for: id, text: t("请说说现在的情况", "Tell us how it is now") }), note, until, button);
  const element = make("details", { class: "objection" }, make("summary", { text: t("问题没有解决？", "Is it not solved?") }), form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    object(following, number, { note, button, element });
  });
  return { element, until };
}

async function object(following, number, parts) {
  const said = the("case-said");
  parts.button.disabled = true;
  try {
    const body = JSON.stringify({ number, note: parts.note.value.trim() || null });
    const answer = await (await following.ask("/objections", { method: "POST", body })).json();
    parts.note.value = "";
    parts.element.open = false;
    say(said, t(answer.message_zh, answer.message_en), "good");
    said.tabIndex = -1;
    said.focus();
    following.askSoon();
  } catch (error) {
    const words = error.status === 409
      ? t("已经提出过，或超过了时限。如果问题还在，请重新拍照上报。", "It was said already, or too late. If the problem is still there, report it anew with a photo.")
      : t("没有送到，请再试一次。", "That was not received: please try again.");
    say(said, words, "warn");
  }
  parts.button.disabled = false;
}
