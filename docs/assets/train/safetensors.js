/* Weights as a `.safetensors` file: the length of a header, the header as JSON, and the
 * numbers of all tensors one after another. What is told about them are texts. */

export function safetensors(variant, theta, about) {
  const texts = Object.entries(about).map(([key, value]) => [key, String(value)]);
  const header = { __metadata__: Object.fromEntries(texts) };
  const parts = [];
  let place = 0;
  for (const { name, shape, offset } of variant.parameters) {
    const size = shape.reduce((product, side) => product * side, 1);
    const end = place + size * Float32Array.BYTES_PER_ELEMENT;
    header[name] = { dtype: "F32", shape, data_offsets: [place, end] };
    parts.push(theta.slice(offset, offset + size));
    place = end;
  }
  return new Blob([...front(header), ...parts], { type: "application/octet-stream" });
}

/* The header, padded so that the numbers begin at a multiple of eight. */
function front(header) {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padding = " ".repeat((8 - (text.length % 8)) % 8);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(text.length + padding.length), true);
  return [length, text, padding];
}
