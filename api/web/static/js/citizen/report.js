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
const mostBytes = Number(the("page").dataset.mostMib) * 2 ** 20;
const place = new Place(placeFound);
let photo = null; // Of picture.js
let preparing = 0; // Counts photos: what comes of an older one is not shown
let isPreparing = false;
let editing = null; // The key of the refused report that stands in the form
let withoutPlace = false; // They were told that the place is missing
let following = null;
let keepsReports = true;

const outbox = new Outbox({
  changed: (entries) => showWaiting(entries.filter((one) => one.draft.key !== editing), acts),
  accepted: showAnswer,
  refused: (entry, field) => { if (form.hidden && following === null) edit(entry, field); },
});
const acts = { retry: () => outbox.hurry(), edit: (entry) => { if (mayReplace()) edit(entry, null); }, remove: (entry) => discard(entry) };

async function choose(input) {
  const file = input.files[0];
  input.value = ""; // The same photo may be chosen again.
  if (!file) return;
  dropPhoto();
  isPreparing = true;
  const [turn, placeTurn] = [preparing, place.turn];
  say(the("photo-said"), t("正在处理照片……", "Preparing the photo…"));
  const prepared = await prepare(file, mostBytes).catch(() => null);
  if (turn !== preparing) return; // Another one was chosen meanwhile.
  isPreparing = false;
  if (!prepared) {
    say(the("photo-said"), t("这个文件读不出来，请换一个。", "This file cannot be read: choose another one."));
    return;
  }
  takePhoto(prepared);
  place.takePhoto(prepared.facts.place, placeTurn);
}

function dropPhoto() {
  photo = null;
  isPreparing = false;
  preparing += 1;
  the("preview").hidden = true;
  say(the("photo-said"), "");
}

/** Whether somebody is writing a report: it is neither hidden nor replaced unasked. */
function isBegun() {
  const texts = ["note", "phone", "address"].map((name) => form.elements[name].value.trim());
  return !form.hidden && Boolean(photo || isPreparing || editing || place.at || place.locating || texts.some(Boolean));
}

function mayReplace() {
  return !isBegun() || window.confirm(t("正在填写的上报还没有发出。要放弃它吗？", "The report in the form is not sent yet. Give it up?"));
}

function takePhoto(prepared) {
  photo = prepared;
  say(the("form-said"), "");
  const image = the("preview-image");
  if (image.src) URL.revokeObjectURL(image.src);
  the("preview").hidden = !photo.shown;
  if (photo.shown) image.src = URL.createObjectURL(new Blob([photo.data], { type: photo.type }));
  const size = showSize(photo.size);
  if (photo.size > mostBytes) say(the("photo-said"), t(`${size}，太大了，请换一张。`, `${size}: too large, choose another one.`));
  else if (photo.shrunk) say(the("photo-said"), t(`已压缩：${showSize(photo.before)} → ${size}`, `Made smaller: ${showSize(photo.before)} → ${size}`));
  else if (photo.shown && !photo.facts.read) say(the("photo-said"), t(`照片大小：${size}。手机上没能读出照片里的位置和时间，会原样发送，由服务器读取。`, `The photo's size: ${size}. Its position and time could not be read on this phone: it is sent as it is, and the server reads them.`));
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
  if (isPreparing) {
    complain(t("照片还在处理，请稍等再上报。", "The photo is still being prepared: wait a moment."));
    return;
  }
  if (!photo) {
    complain(t("请先拍一张或选一张照片。", "Take or choose a photo first."), the("take"));
    return;
  }
  const isNowhere = place.locating || !form.elements.address.value.trim();
  if (!place.at && isNowhere && !withoutPlace) {
    withoutPlace = true;
    the("send").textContent = t("没有位置，仍要上报", "Send it without a place");
    if (place.locating) complain(t("还在定位，请稍等；也可以再点一次，不带定位直接发送。", "Your position is still being looked for: wait a moment, or press again to send it without."));
    else complain(t("还没有位置或地址，工作人员可能找不到。请定位、在地图上选或写下地址；也可以再点一次“上报”直接发送。", "There is no position and no address: it may not be found. Use your position, choose on the map or write the address; or press again to send it all the same."), the("locate"));
    return;
  }
  const draft = makeDraft(form, photo, place.at);
  const old = editing;
  clearForm();
  editing = old; // Not listed beside the one that takes its place
  form.hidden = true;
  the("another-meanwhile").hidden = false;
  const added = outbox.add(draft);
  the("outbox-title").focus();
  window.scrollTo(0, 0);
  await added;
  if (!old) return;
  if (editing === old) editing = null;
  await outbox.remove(old); // Only now: a page that ends in between must not lose both.
}

function placeFound() {
  if (!withoutPlace) return;
  offerToSend();
  say(the("form-said"), "");
}

function offerToSend() {
  withoutPlace = false;
  the("send").textContent = t("上报", "Send the report");
}

function clearForm() {
  form.reset();
  dropPhoto();
  editing = null;
  offerToSend();
  say(the("form-said"), "");
  place.clear();
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
  clearForm();
  editing = entry.draft.key;
  outbox.told.changed(outbox.entries);
  fillForm(form, entry.draft);
  takePhoto(photoOf(entry.draft));
  place.put(placeOf(entry.draft));
  complain(entry.draft.refused, field ? form.elements[field] : null);
}

async function discard(entry) {
  await outbox.remove(entry.draft.key);
  if (following === null) showForm();
}

function showAnswer(draft, answer) {
  const kept = keepMine(answer);
  the("unkept").hidden = kept && keepsReports;
  showMine();
  if (isBegun()) return; // They are writing the next one: it is listed below.
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
keepsThings().then((keeps) => { keepsReports = keeps; the("unkept").hidden = keeps; });
// Links of this page lead away from it: to its other language, or to where it was.
window.addEventListener("beforeunload", (event) => { if (isBegun() || outbox.holdsUnkept()) event.preventDefault(); });
outbox.open();
