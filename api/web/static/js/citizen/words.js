// Words in the page's language, and numbers as people read them.

const english = document.documentElement.lang === "en";

/** The one in the page's language. */
export function t(zh, en) {
  return english ? en : zh;
}

/** A size in bytes: 380 kB, 4.2 MB. */
export function showSize(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A distance in metres: 180 米, 1.2 公里. */
export function showDistance(metres) {
  if (metres < 1000) return t(`${Math.round(metres / 10) * 10} 米`, `${Math.round(metres / 10) * 10} m`);
  return t(`${(metres / 1000).toFixed(1)} 公里`, `${(metres / 1000).toFixed(1)} km`);
}

/** An instant by the phone's clock, to the minute. */
export function showTime(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "—";
  const two = (number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
