/* Small pictures, many beside one another, each number a square of colour. */

/* Paint tiles into a canvas: `tiles` are arrays of `side`² numbers, `columns` of them in a
 * row, with a gap between; `colour` makes red, green and blue of a number. */
export function mosaic(canvas, tiles, { side, columns, colour, gap = 1 }) {
  const rows = Math.ceil(tiles.length / columns);
  canvas.width = columns * (side + gap) - gap;
  canvas.height = rows * (side + gap) - gap;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  tiles.forEach((tile, number) => {
    const left = (number % columns) * (side + gap);
    const top = Math.floor(number / columns) * (side + gap);
    tile.forEach((value, i) => {
      const place = (top + Math.floor(i / side)) * canvas.width + left + (i % side);
      image.data.set([...colour(value), 255], 4 * place);
    });
  });
  context.putImageData(image, 0, 0);
}

/* Cut a matrix into its rows, scaled so that nearly all numbers lie between −1 and 1. */
export function scaledRows(matrix, length) {
  const sizes = Float32Array.from(matrix, Math.abs).sort();
  const large = sizes[Math.floor(0.99 * (sizes.length - 1))] || 1;
  const rows = [];
  for (let from = 0; from < matrix.length; from += length) {
    rows.push(Array.from(matrix.subarray(from, from + length), (one) => one / large));
  }
  return rows;
}
