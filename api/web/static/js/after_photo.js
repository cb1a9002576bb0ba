// Handing in an after-photo: with a position if the phone gives one, and a bar while it is sent.
import { Problem, csrfToken } from "./send.js";

const MIB = 2 ** 20;
const LOCATE_MS = 15000;
const STALL_MS = 60000; // Without any progress the connection is given up

function start(form) {
  const words = JSON.parse(form.dataset.words);
  const part = (name) => form.querySelector(`[data-part="${name}"]`);
  const file = form.querySelector("input[type=file]");
  const preview = form.querySelector(".chosen-photo");
  const submit = form.querySelector("button.primary");

  const refuse = (text) => {
    part("wrong").textContent = text;
    part("wrong").hidden = !text;
  };
  const check = () => {
    const [photo] = file.files;
    const most = Number(form.dataset.mostMib);
    if (!photo) return words.none;
    if (photo.size > most * MIB) return words.large.replace("{}", most);
    if (Boolean(form.lat.value.trim()) !== Boolean(form.lng.value.trim())) return words.half;
    return "";
  };

  file.addEventListener("change", () => {
    if (preview.src) URL.revokeObjectURL(preview.src);
    const [photo] = file.files;
    preview.hidden = !photo;
    if (photo) preview.src = URL.createObjectURL(photo);
    refuse(photo ? check() : "");
  });
  preview.addEventListener("error", () => { preview.hidden = true; }); // HEIC, in most browsers

  form.querySelector("[data-locate]").addEventListener("click", () => {
    part("where").textContent = words.locating;
    const fail = () => { part("where").textContent = words.unlocated; };
    if (!navigator.geolocation) { fail(); return; }
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      form.lat.value = coords.latitude.toFixed(6);
      form.lng.value = coords.longitude.toFixed(6);
      form.datum.value = "wgs84"; // What browsers give (W3C Geolocation)
      part("where").textContent = words.located.replace("{}", Math.round(coords.accuracy));
    }, fail, { enableHighAccuracy: true, timeout: LOCATE_MS, maximumAge: 60000 });
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = check();
    refuse(wrong);
    if (wrong) { if (!file.files.length) file.focus(); return; }
    const content = new FormData();
    content.append("photo", file.files[0]);
    for (const name of ["lat", "lng"]) content.append(name, form[name].value.trim());
    content.append("datum", form.datum.value);
    submit.disabled = true;
    part("progress").hidden = false;
    try {
      await upload(form.dataset.address, content, (percent) => {
        form.querySelector("progress").value = percent;
        part("stage").textContent = percent < 100 ? words.sending.replace("{}", percent) : words.checking;
      });
      window.location.hash = "closing"; // Where the page opens again
      window.location.reload();
    } catch (problem) {
      const why = problem.status ? problem.message : words.offline;
      refuse(words.failed + why);
      part("progress").hidden = true;
      submit.disabled = false;
      submit.focus();
    }
  });
}

/** As send(), with the share that is sent: fetch does not tell it. */
function upload(address, content, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRF-Token", csrfToken());
    request.upload.addEventListener("progress", (event) => {
      watch();
      if (event.lengthComputable) onProgress(Math.floor(100 * event.loaded / event.total));
    });
    let stall = 0;
    const watch = () => {
      window.clearTimeout(stall);
      stall = window.setTimeout(() => request.abort(), STALL_MS);
    };
    const broken = () => reject(new TypeError("network"));
    request.addEventListener("error", broken);
    request.addEventListener("abort", broken);
    request.addEventListener("loadend", () => window.clearTimeout(stall));
    request.addEventListener("load", () => {
      let answer = null;
      try { answer = JSON.parse(request.responseText); } catch { answer = null; }
      if (request.status >= 200 && request.status < 300) resolve(answer);
      else reject(new Problem(request.status, answer || {}));
    });
    watch();
    request.send(content);
  });
}

function startAll(root) {
  for (const form of root.querySelectorAll("#after-photo:not([data-started])")) {
    form.dataset.started = "true";
    start(form);
  }
}

startAll(document);
document.addEventListener("htmx:load", (event) => startAll(event.detail.elt.parentNode || document));
