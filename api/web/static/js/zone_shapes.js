// Shapes of zones: the rules of the service (api/cameras/camera.py), so that a slip is told at once.
// Points are [x, y], shares of the frame's width and height.

const SMALLEST_AREA = 1e-4;
const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

function liesOn(point, [a, b]) {
  return Math.abs(turn(a, b, point)) < 1e-12
    && point[0] >= Math.min(a[0], b[0]) && point[0] <= Math.max(a[0], b[0])
    && point[1] >= Math.min(a[1], b[1]) && point[1] <= Math.max(a[1], b[1]);
}

function touch(one, two, next, around) {
  if (next) return liesOn(one[0], two) || liesOn(two[1], one);
  if (around) return liesOn(one[1], two) || liesOn(two[0], one);
  if (one.some((end) => liesOn(end, two)) || two.some((end) => liesOn(end, one))) return true;
  return turn(...one, two[0]) * turn(...one, two[1]) < 0 && turn(...two, one[0]) * turn(...two, one[1]) < 0;
}

/** Say what is wrong with a zone's points: "few", "many", "cross", "small" or null. */
export function findFault(points, most) {
  if (points.length < 3) return "few";
  if (points.length > most) return "many";
  const sides = points.map((point, at) => [point, points[(at + 1) % points.length]]);
  for (let i = 0; i < sides.length; i += 1) {
    for (let j = i + 1; j < sides.length; j += 1) {
      if (touch(sides[i], sides[j], j === i + 1, i === 0 && j === sides.length - 1)) return "cross";
    }
  }
  const twice = sides.reduce((sum, [a, b]) => sum + a[0] * b[1] - b[0] * a[1], 0);
  return Math.abs(twice) / 2 < SMALLEST_AREA ? "small" : null;
}

/** A share within the frame, to four digits: a fifth of a pixel of 1920. */
export function keepInside(share) {
  return Math.round(Math.min(1, Math.max(0, share)) * 1e4) / 1e4;
}
