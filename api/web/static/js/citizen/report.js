// The page /: report a problem, see what was seen, find a toilet.
import { fillForm, makeDraft, photoOf, placeOf } from "./draft.js";
import { say, the } from "./elements.js";
import { Following } from "./following.js";
import { begin } from "./install.js";
import { keepsThings } from "./keeping.js";
import { keepMine, renewMine, showMine } from "./mine.js";
import { Outbox } from "./outbox.js";
import { prepare } from "./picture.js";
import { Place } from "./place.js";
import { connectToilets } from "./toilets.js";
import { showWaiting } from "./waiting_list.js";
import { showSize, t } from "./words.js";

const form = the("report");
const place = new Place();
let photo = null; // Of picture.js
let preparing = 0;
let editing = null; // The key of the refused report that stands in the form
let withoutPlace = false; // They were told that the place is missing
let following = null;

const outbox = new Outbox({
  changed: (entries) => showWaiting(entries.filter((one) => one.draft.key !== editing), acts),
  accepted: showAnswer,
  refused: (entry, field) => { if (form.hidden && following === null) edit(entry, field); },
});
const acts = { retry: () => outbox.hurry(), edit: (entry) => edit(entry, null), remove: (entry) => discard(entry) };

async function choose(input) {
  const file = input.files[0];
  input.value = ""; // The same photo may be chosen again.
  if (!file) return;
  preparing += 1;
  const turn = preparing;
  say(the("photo-said"), t("正在处理照片……", "Preparing the photo…"));
  let prepared;
  try {
    prepared = await prepare(file);
  } catch (error) {
    if (turn === preparing) say(the("photo-said"), t("这个文件读不出来，请换一个。", "This file cannot be read: choose another one."));
    return;
  }
  if (turn !== preparing) return; // Another one was chosen meanwhile.
  takePhoto(prepared);
  place.takePhoto(prepared.facts.place);
}

function takePhoto(prepared) {
  photo = prepared;
  say(the("form-said"), "");
  const image = the("preview-image");
  if (image.src) URL.revokeObjectURL(image.src);
  the("preview").hidden = !photo.shown;
  if (photo.shown) image.src = URL.createObjectURL(new Blob([photo.data], { type: photo.type }));
  const size = showSize(photo.size);
  const mostBytes = Number(the("page").dataset.mostMib) * 2 ** 20;
  if (photo.size > mostBytes) say(the("photo-said"), t(`${size}，太大了，请换一张。`, `${size}: too large, choose another one.`));
  else if (photo.shrunk) say(the("photo-said"), t(`已压缩：${showSize(photo.before)} → ${size}`, `Made smaller: ${showSize(photo.before)} → ${size}`));
  else if (photo.shown) say(the("photo-said"), t(`照片大小：${size}`, `The photo's size: ${size}`));
  else say(the("photo-said"), t(`已选 ${photo.name}（${size}）。手机不能预览，会原样发送。`, `${photo.name} (${size}) cannot be shown here; it is sent as it is.`));
}

function complain(words, field) {
  say(the("form-said"), words);
  if (field) field.focus();
  else the("form-said").focus();
  the("form-said").scrollIntoView({ block: "center" });
}

async function send(event) {
  event.preventDefault();
  if (!photo) {
    complain(t("请先拍一张或选一张照片。", "Take or choose a photo first."), the("take"));
    return;
  }
  if (!place.at && !form.elements.address.value.trim() && !withoutPlace) {
    withoutPlace = true;
    the("send").textContent = t("没有位置，仍要上报", "Send it without a place");
    complain(t("还没有位置或地址，工作人员可能找不到。请定位、在地图上选或写下地址；也可以再点一次“上报”直接发送。", "There is no position and no address: it may not be found. Use your position, choose on the map or write the address; or press again to send it all the same."), the("locate"));
    return;
  }
  const draft = makeDraft(form, photo, place.at);
  const old = editing;
  clearForm();
  form.hidden = true;
  the("another-meanwhile").hidden = false;
  if (old) await outbox.remove(old);
  const added = outbox.add(draft);
  the("outbox-title").focus();
  window.scrollTo(0, 0);
  await added;
}

function clearForm() {
  form.reset();
  photo = null;
  editing = null;
  withoutPlace = false;
  preparing += 1;
  the("preview").hidden = true;
  the("send").textContent = t("上报", "Send the report");
  for (const said of ["photo-said", "form-said"]) say(the(said), "");
  place.takePhoto(null);
  place.put(null);
}

function showForm() {
  if (following) following.stop();
  following = null;
  for (const part of ["follow", "another", "another-meanwhile"]) the(part).hidden = true;
  form.hidden = false;
}

function startAnew() {
  clearForm();
  showForm();
  the("report-title").focus();
  window.scrollTo(0, 0);
}

function edit(entry, field) {
  showForm();
  editing = entry.draft.key;
  outbox.told.changed(outbox.entries);
  fillForm(form, entry.draft);
  takePhoto(photoOf(entry.draft));
  place.takePhoto(null);
  place.put(placeOf(entry.draft));
  complain(entry.draft.refused, field ? form.elements[field] : null);
}

async function discard(entry) {
  await outbox.remove(entry.draft.key);
  if (following === null) showForm();
}

function showAnswer(draft, answer) {
  const kept = keepMine(answer);
  the("unkept").hidden = kept;
  showMine();
  if (!form.hidden && (photo || editing)) return; // They are writing the next one: it is listed below.
  if (following) following.stop();
  form.hidden = true;
  the("another-meanwhile").hidden = true;
  the("another").hidden = false;
  following = new Following(answer.id, answer.follow_token, {
    found: (report) => { renewMine(report); showMine(); },
  });
  following.start(answer);
  the("follow-title").focus();
}

begin();
showMine();
for (const id of ["take", "choose"]) the(id).addEventListener("change", () => choose(the(id)));
form.addEventListener("submit", send);
the("another").addEventListener("click", startAnew);
the("another-meanwhile").addEventListener("click", startAnew);
connectToilets(
  async () => place.at || (following && following.position()),
  async (near) => {
    if (form.hidden) return null; // The map stands in the form; the list says it all.
    const map = await place.openMap();
    if (map && !place.at) map.map.setView(map.show([near.lat, near.lng]), 16);
    return map;
  },
);
keepsThings().then((keeps) => { the("unkept").hidden = keeps; });
outbox.open();
