// What a photo's file says about it, read before it is shrunk; and its time, put back afterwards.

const TIME = /^\d{4}:\d\d:\d\d \d\d:\d\d:\d\d$/;
const OFFSET = /^[+-]\d\d:\d\d$/;
const PATIENCE_MS = 10000; // For the reader's script; the photo goes as it is without it
let loading = null;

function loadReader() {
  if (!loading) {
    loading = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.getElementById("page").dataset.exif;
      const giveUp = () => { loading = null; reject(new Error("exif")); };
      const timer = setTimeout(giveUp, PATIENCE_MS);
      script.onload = () => { clearTimeout(timer); resolve(window.ExifReader); };
      script.onerror = giveUp;
      document.head.append(script);
    });
  }
  return loading;
}

/**
 * Read what a photo's file says.
 * @param {ArrayBuffer} data
 * @returns {Promise<{place: {lat: number, lng: number}|null, takenAt: string|null, offset: string|null, orientation: number, read: boolean}>}
 *   WGS-84; empty where the file says nothing. Not read: the reader could not be loaded, and only
 *   the server can tell, from the file as it is.
 */
export async function readFacts(data) {
  const facts = { place: null, takenAt: null, offset: null, orientation: 1, read: true };
  let reader;
  try {
    reader = await loadReader();
  } catch (error) {
    return { ...facts, read: false };
  }
  let tags;
  try {
    tags = reader.load(data, { expanded: true });
  } catch (error) {
    return facts;
  }
  const { gps = {}, exif = {} } = tags;
  const [lat, lng] = [gps.Latitude, gps.Longitude];
  // A phone without a fix writes 0, 0.
  if (Math.abs(lat) <= 90 && Math.abs(lng) <= 180 && (lat !== 0 || lng !== 0)) {
    facts.place = { lat: round(lat), lng: round(lng) };
  }
  facts.takenAt = textOf(exif.DateTimeOriginal, TIME);
  facts.offset = textOf(exif.OffsetTimeOriginal, OFFSET);
  if (exif.Orientation && exif.Orientation.value >= 1 && exif.Orientation.value <= 8) facts.orientation = exif.Orientation.value;
  return facts;
}

function round(degrees) {
  return Math.round(degrees * 1e7) / 1e7;
}

function textOf(tag, form) {
  const text = tag ? String(tag.description).trim() : "";
  return form.test(text) ? text : null;
}

/**
 * Put the time of capture into a JPEG that has lost it: an EXIF segment after the first marker,
 * with DateTimeOriginal (0x9003) and OffsetTimeOriginal (0x9011) alone.
 * @param {ArrayBuffer} jpeg
 * @returns {ArrayBuffer}
 */
export function putTime(jpeg, { takenAt, offset }) {
  const bytes = new Uint8Array(jpeg);
  if (!takenAt || bytes[0] !== 0xff || bytes[1] !== 0xd8) return jpeg;
  const texts = [[0x9003, `${takenAt}\0`]];
  if (offset) texts.push([0x9011, `${offset}\0`]);
  const entriesAt = 26; // TIFF header 8, main IFD 2 + 12 + 4
  const textsAt = entriesAt + 2 + 12 * texts.length + 4;
  const size = textsAt + texts.reduce((sum, [, text]) => sum + text.length, 0);
  const tiff = new DataView(new ArrayBuffer(size));
  tiff.setUint32(0, 0x4d4d002a); // Big-endian
  tiff.setUint32(4, 8);
  tiff.setUint16(8, 1);
  putEntry(tiff, 10, [0x8769, 4, 1, entriesAt]); // Where the EXIF tags stand
  tiff.setUint16(entriesAt, texts.length);
  let at = textsAt;
  texts.forEach(([tag, text], number) => {
    putEntry(tiff, entriesAt + 2 + 12 * number, [tag, 2, text.length, at]);
    for (let index = 0; index < text.length; index += 1) tiff.setUint8(at + index, text.charCodeAt(index));
    at += text.length;
  });
  const name = [0x45, 0x78, 0x69, 0x66, 0, 0]; // "Exif"
  const length = 2 + name.length + size;
  const parts = [0xff, 0xd8, 0xff, 0xe1, length >> 8, length & 255, ...name];
  const whole = new Uint8Array(parts.length + size + bytes.length - 2);
  whole.set(parts);
  whole.set(new Uint8Array(tiff.buffer), parts.length);
  whole.set(bytes.subarray(2), parts.length + size);
  return whole.buffer;
}

function putEntry(tiff, at, [tag, kind, count, value]) {
  tiff.setUint16(at, tag);
  tiff.setUint16(at + 2, kind);
  tiff.setUint32(at + 4, count);
  tiff.setUint32(at + 8, value);
}
