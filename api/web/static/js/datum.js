// Positions between the datums of Chinese maps; the same arithmetic as detector/photo_facts.py,
// which names the sources. All in degrees, [latitude, longitude].

const AXIS_M = 6378245.0;
const ECCENTRICITY = 0.00669342162296594323;
const BD_TURN = (Math.PI * 3000) / 180;

function shiftOf(lat, lon) {
  const [x, y] = [lon - 105, lat - 35];
  const waves = (20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * 2 / 3;
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + waves;
  north += (20 * Math.sin(y * Math.PI) + 40 * Math.sin(y / 3 * Math.PI)) * 2 / 3;
  north += (160 * Math.sin(y / 12 * Math.PI) + 320 * Math.sin(y * Math.PI / 30)) * 2 / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + waves;
  east += (20 * Math.sin(x * Math.PI) + 40 * Math.sin(x / 3 * Math.PI)) * 2 / 3;
  east += (150 * Math.sin(x / 12 * Math.PI) + 300 * Math.sin(x / 30 * Math.PI)) * 2 / 3;
  const latitude = lat / 180 * Math.PI;
  const magic = 1 - ECCENTRICITY * Math.sin(latitude) ** 2;
  return [
    north * 180 / ((AXIS_M * (1 - ECCENTRICITY)) / (magic * Math.sqrt(magic)) * Math.PI),
    east * 180 / (AXIS_M / Math.sqrt(magic) * Math.cos(latitude) * Math.PI),
  ];
}

function isInFrame(lat, lon, margin = 0) {
  return lon > 73.66 - margin && lon < 135.05 + margin && lat > 3.86 - margin && lat < 53.55 + margin;
}

function toGcj([lat, lon]) {
  if (!isInFrame(lat, lon)) return [lat, lon];
  const [north, east] = shiftOf(lat, lon);
  return [lat + north, lon + east];
}

function fromGcj([lat, lon]) {
  let [a, b] = [lat, lon];
  for (let turn = isInFrame(lat, lon, 0.1) ? 6 : 0; turn > 0; turn -= 1) {
    const [north, east] = shiftOf(a, b);
    [a, b] = [lat - north, lon - east];
  }
  return isInFrame(a, b) ? [a, b] : [lat, lon];
}

function toBd([lat, lon]) {
  const z = Math.hypot(lon, lat) + 0.00002 * Math.sin(lat * BD_TURN);
  const theta = Math.atan2(lat, lon) + 0.000003 * Math.cos(lon * BD_TURN);
  return [z * Math.sin(theta) + 0.006, z * Math.cos(theta) + 0.0065];
}

function fromBd([lat, lon]) {
  let [a, b] = [lat - 0.006, lon - 0.0065];
  for (let turn = 0; turn < 6; turn += 1) {
    const [there, beside] = toBd([a, b]);
    [a, b] = [a + lat - there, b + lon - beside];
  }
  return [a, b];
}

/** WGS-84 to a datum: "wgs84", "gcj02" or "bd09". */
export function fromWgs84(place, datum) {
  if (datum === "wgs84") return place;
  const shifted = toGcj(place);
  return datum === "gcj02" ? shifted : toBd(shifted);
}

/** A datum's position to WGS-84. */
export function toWgs84(place, datum) {
  if (datum === "bd09") return fromGcj(fromBd(place));
  return datum === "gcj02" ? fromGcj(place) : place;
}
