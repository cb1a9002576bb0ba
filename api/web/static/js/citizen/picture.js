// A photo made small on the phone: upright, its longest side 2048 pixels, JPEG. What the browser
// cannot open (HEIC, mostly) goes as it is: the server can. So does one whose position and time
// could not be read here, for shrinking would lose them.
import { putTime, readFacts } from "./exif.js";

const LONGEST_PX = 2048;
const QUALITY = 0.85;
const WORTH_IT = 0.7; // A photo that is small enough is made worse only if the file shrinks to this share.
// 2 by 1 pixels, to be turned by EXIF: tells whether this browser turns photos by itself.
const TURNED = "/9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAIBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z";
let turning = null;

/**
 * Read a photo and make it small.
 * @param {File} file
 * @param {number} mostBytes That the service takes: a larger one is shrunk in any case.
 * @returns {Promise<{data: ArrayBuffer, type: string, name: string, size: number, before: number,
 *   shrunk: boolean, shown: boolean, facts: object}>} shown: this browser can show it.
 */
export async function prepare(file, mostBytes) {
  const original = await readBytes(file);
  const facts = await readFacts(original);
  const prepared = {
    data: original, type: file.type || "application/octet-stream", name: file.name || "photo.jpg",
    size: original.byteLength, before: original.byteLength, shrunk: false, shown: false, facts,
  };
  let picture;
  try {
    picture = await decode(file);
  } catch (error) {
    return prepared;
  }
  prepared.shown = true;
  try {
    if (!facts.read && prepared.size <= mostBytes) return prepared;
    const fits = Math.max(...sizeOf(picture)) <= LONGEST_PX;
    const small = await draw(picture, facts.orientation);
    // A small file of a large picture is still a small file.
    if (small && small.size < (fits ? WORTH_IT : 1) * original.byteLength) {
      const data = putTime(await readBytes(small), facts);
      const name = prepared.name.replace(/\.[^.]*$/, "") + ".jpg";
      Object.assign(prepared, { data, type: "image/jpeg", name, size: data.byteLength, shrunk: true });
    }
  } catch (error) {
    // No memory for the canvas: the photo goes as it is.
  } finally {
    if (picture.close) picture.close();
  }
  return prepared;
}

/** The bytes of a file; Blob.arrayBuffer is missing on old phones. */
export function readBytes(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error || new Error("unreadable"));
    reader.readAsArrayBuffer(blob);
  });
}

async function decode(blob) {
  if (window.createImageBitmap) {
    try {
      return await window.createImageBitmap(blob, { imageOrientation: "from-image" });
    } catch (error) {
      // Old browsers know no options, or not this kind of file.
    }
  }
  return decodeElement(blob);
}

function decodeElement(blob) {
  return new Promise((resolve, reject) => {
    const address = URL.createObjectURL(blob);
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => { URL.revokeObjectURL(address); reject(new Error("undecodable")); };
    image.close = () => URL.revokeObjectURL(address);
    image.src = address;
  });
}

function turnsByItself() {
  if (!turning) {
    const bytes = Uint8Array.from(window.atob(TURNED), (sign) => sign.charCodeAt(0));
    turning = decode(new Blob([bytes], { type: "image/jpeg" })).then(
      (picture) => picture.width === 1, () => true,
    );
  }
  return turning;
}

function sizeOf(picture) {
  return [picture.naturalWidth || picture.width, picture.naturalHeight || picture.height];
}

async function draw(picture, written) {
  const orientation = await turnsByItself() ? 1 : written;
  const [width, height] = sizeOf(picture);
  const scale = Math.min(1, LONGEST_PX / Math.max(width, height));
  const [across, down] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = orientation > 4 ? [down, across] : [across, down];
  const brush = canvas.getContext("2d");
  brush.fillStyle = "#fff"; // Under what is see-through
  brush.fillRect(0, 0, canvas.width, canvas.height);
  turn(brush, orientation, across, down);
  brush.imageSmoothingQuality = "high";
  brush.drawImage(picture, 0, 0, across, down);
  const small = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", QUALITY); });
  canvas.width = 0; // Old iPhones hold on to a canvas's memory
  return small && small.type === "image/jpeg" ? small : null;
}

// EXIF's orientations 2 to 8 as canvas transforms; (w, h) before turning.
function turn(brush, orientation, w, h) {
  const turns = {
    2: [-1, 0, 0, 1, w, 0], 3: [-1, 0, 0, -1, w, h], 4: [1, 0, 0, -1, 0, h], 5: [0, 1, 1, 0, 0, 0],
    6: [0, 1, -1, 0, h, 0], 7: [0, -1, -1, 0, h, w], 8: [0, -1, 1, 0, 0, w],
  };
  if (turns[orientation]) brush.transform(...turns[orientation]);
}
