/* From strokes of a pen to an image as the data has them. The digits of the data were
 * bitmaps of 32 × 32 black or white pixels, each digit fitted to its box; a pixel of the
 * image counts the black ones in a block of 4 × 4, so it is a number from 0 to 16. */

const FINE = 32;
const BLOCK = 4;
const PEN = 1.9; // pixels of the bitmap from the middle of a stroke to its edge
const LEAST = 0.2; // of the pad: what is smaller is not blown up to fill the box

export const SIDE = FINE / BLOCK;

/* `strokes` are lists of points [x, y], from 0 to 1. Returns 64 numbers from 0 to 1. */
export function reduced(strokes) {
  const bitmap = new Uint8Array(FINE * FINE);
  for (const stroke of fitted(strokes)) {
    stroke.forEach((point, i) => ink(bitmap, stroke[Math.max(0, i - 1)], point));
  }
  const image = new Float32Array(SIDE * SIDE);
  bitmap.forEach((black, i) => {
    const row = Math.floor(i / FINE / BLOCK);
    const column = Math.floor((i % FINE) / BLOCK);
    image[row * SIDE + column] += black / BLOCK ** 2;
  });
  return image;
}

/* The strokes in pixels of the bitmap: as large as it allows, and in its middle. */
function fitted(strokes) {
  const [left, right] = range(strokes.flat().map(([x]) => x));
  const [top, bottom] = range(strokes.flat().map(([, y]) => y));
  const scale = (FINE - 2 * PEN) / Math.max(right - left, bottom - top, LEAST);
  const place = (at, from, to) => FINE / 2 + (at - (from + to) / 2) * scale;
  return strokes.map((stroke) =>
    stroke.map(([x, y]) => [place(x, left, right), place(y, top, bottom)]),
  );
}

function range(numbers) {
  return [Math.min(...numbers), Math.max(...numbers)];
}

/* Blacken the pixels whose middle is near the line between two points. */
function ink(bitmap, from, to) {
  const rows = around(from[1], to[1]);
  const columns = around(from[0], to[0]);
  for (const row of rows) {
    for (const column of columns) {
      const near = distance([column + 0.5, row + 0.5], from, to) <= PEN;
      if (near) bitmap[row * FINE + column] = 1;
    }
  }
}

function around(a, b) {
  const first = Math.max(0, Math.floor(Math.min(a, b) - PEN));
  const last = Math.min(FINE - 1, Math.ceil(Math.max(a, b) + PEN));
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function distance([x, y], [x1, y1], [x2, y2]) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const along = ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1);
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x1 - share * dx, y - y1 - share * dy);
}
