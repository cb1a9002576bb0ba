// Where the problem is: the photo's own position, else the phone's, else a pin on the map.
// Everything here is WGS-84: that is what EXIF and navigator.geolocation give; the map sees to
// the datum of its tiles.
import { say, the } from "./elements.js";
import { t } from "./words.js";

const LOCATE_MS = 20000;
const FRESH_MS = 60000;
const NEAR_ZOOM = 17;

export class Place {
  /** @param {function()} found Told when there is a position. */
  constructor(found) {
    this.found = found;
    this.at = null; // {lat, lng, accuracy_m, from: "photo"|"device"|"pin"}
    this.turn = 0; // Counts choices: an answer to an older question does not replace a newer one.
    this.locating = false;
    this.ofPhoto = null;
    this.map = null;
    this.opening = null;
    this.pin = null;
    the("locate").addEventListener("click", () => this.locate());
    the("open-map").addEventListener("click", () => this.toggleMap());
    the("photo-place").addEventListener("click", () => this.put(this.ofPhoto));
    the("pin-here").addEventListener("click", () => {
      this.map.map.stop(); // Where it is, not where it is going
      const [lat, lng] = this.map.read(this.map.map.getCenter());
      this.move(lat, lng);
    });
    this.show();
  }

  /**
   * A photo was chosen: its position is the best there is, but for a pin that was set since then.
   * @param {{lat: number, lng: number}|null} place
   * @param {number} since The turn when the photo was chosen.
   */
  takePhoto(place, since = this.turn) {
    this.ofPhoto = place ? { ...place, accuracy_m: null, from: "photo" } : null;
    const isPinned = since !== this.turn && this.at && this.at.from === "pin";
    if (place && !isPinned) this.put(this.ofPhoto);
    else if (this.at && this.at.from === "photo") this.put(null); // It was the last photo's.
    else this.show();
  }

  /** Forget everything, also what is being found out. */
  clear() {
    this.turn += 1;
    this.ofPhoto = null;
    this.put(null);
  }

  put(at) {
    this.set(at);
    this.showPin(true);
  }

  move(lat, lng) {
    this.set({ lat, lng, accuracy_m: null, from: "pin" });
    this.showPin(false);
  }

  set(at) {
    this.at = at;
    this.show();
    if (!at) return;
    this.turn += 1;
    this.found();
  }

  show() {
    the("photo-place").hidden = !this.ofPhoto || this.at === this.ofPhoto;
    say(the("place-said"), this.words());
    the("place-said").classList.toggle("known", Boolean(this.at));
  }

  words() {
    if (!this.at) return t("还没有位置。", "No position yet.");
    const place = `${this.at.lat.toFixed(5)}, ${this.at.lng.toFixed(5)}`;
    const about = this.at.accuracy_m === null ? "" : t(`（误差约 ${Math.max(1, Math.ceil(this.at.accuracy_m))} 米）`, ` (within about ${Math.max(1, Math.ceil(this.at.accuracy_m))} m)`);
    return {
      photo: t(`使用照片里记录的位置：${place}`, `Using the position in the photo: ${place}`),
      device: t(`使用手机定位：${place}${about}`, `Using your phone's position: ${place}${about}`),
      pin: t(`使用地图上的图钉：${place}`, `Using the pin on the map: ${place}`),
    }[this.at.from];
  }

  /** Ask the phone where it is. */
  async locate() {
    const button = the("locate");
    const turn = this.turn;
    button.disabled = true;
    this.locating = true;
    say(the("place-said"), t("正在定位……", "Looking for your position…"));
    try {
      const at = await askDevice();
      if (turn === this.turn) this.put(at);
    } catch (error) {
      if (turn === this.turn) say(the("place-said"), wordsForTrouble(error));
    }
    this.locating = false;
    button.disabled = false;
  }

  async toggleMap() {
    if (the("map-part").hidden) await this.openMap();
    else this.hideMap();
  }

  hideMap() {
    the("map-part").hidden = true;
    the("open-map").setAttribute("aria-expanded", "false");
  }

  /** Open the map; null where it cannot be loaded. */
  async openMap() {
    the("map-part").hidden = false;
    the("open-map").setAttribute("aria-expanded", "true");
    if (this.map) this.map.map.invalidateSize();
    else await (this.opening = this.opening || this.loadMap());
    return this.map;
  }

  async loadMap() {
    the("pin-here").disabled = true;
    try {
      const { openMap } = await import("../map.js");
      const center = this.at ? [this.at.lat, this.at.lng] : null;
      this.map = await openMap(the("map"), { center, zoom: NEAR_ZOOM });
      this.map.onClick(([lat, lng]) => this.move(lat, lng));
      the("pin-here").disabled = false;
      this.showPin(false);
    } catch (error) {
      this.hideMap();
      say(the("place-said"), t("地图打不开，请用定位，或写下地址。", "The map cannot be opened: use your position, or write the address."));
    }
    this.opening = null;
  }

  showPin(center) {
    if (!this.map) return;
    if (!this.at) {
      if (this.pin) { this.pin.remove(); this.pin = null; }
      return;
    }
    const place = [this.at.lat, this.at.lng];
    if (this.pin) this.pin.setLatLng(this.map.show(place));
    else this.pin = this.map.pin(place, { title: t("问题所在的位置", "Where the problem is"), onMove: ([lat, lng]) => this.move(lat, lng) });
    if (center) this.map.map.setView(this.map.show(place), Math.max(NEAR_ZOOM, this.map.map.getZoom()));
  }
}

/** Ask the browser for the phone's position, WGS-84. */
export function askDevice() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation || window.isSecureContext === false) { reject(new Error("missing")); return; }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lat: coords.latitude, lng: coords.longitude, accuracy_m: coords.accuracy, from: "device" }),
      reject,
      { enableHighAccuracy: true, timeout: LOCATE_MS, maximumAge: FRESH_MS },
    );
  });
}

/** Why there is no position, and what to do. */
export function wordsForTrouble(error) {
  if (error.code === 1) return t("没有得到定位许可。可以在地图上选，或写下地址。", "The position was not allowed. Choose it on the map, or write the address.");
  if (error.code) return t("暂时定位不到。可以再试，或在地图上选，或写下地址。", "Your position was not found. Try again, choose it on the map, or write the address.");
  return t("这个浏览器不能定位。请在地图上选，或写下地址。", "This browser cannot tell the position. Choose it on the map, or write the address.");
}
