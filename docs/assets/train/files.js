/* Files of the site, with word of how much has come. */

const GZIP = [0x1f, 0x8b]; // how a compressed file begins

export class LoadError extends Error {}

/* Loads files and tells `progress(loaded, total)` the bytes of all of them together. */
export class Loader {
  #loaded = 0;
  #total = 0;

  constructor(base, progress) {
    this.base = base;
    this.progress = progress;
  }

  /* What is in a file. */
  async bytes(name) {
    const response = await this.#ask(name);
    this.#total += Number(response.headers.get("Content-Length") ?? 0);
    const parts = [];
    try {
      for await (const part of chunks(response.body)) {
        parts.push(part);
        this.#loaded += part.length;
        this.progress(this.#loaded, Math.max(this.#loaded, this.#total));
      }
    } catch (error) {
      throw new LoadError(`${name}: ${error.message}`);
    }
    return joined(parts);
  }

  async json(name) {
    return JSON.parse(new TextDecoder().decode(await this.bytes(name)));
  }

  /* What is in a compressed file. Some servers let the browser expand it on the way. */
  async expanded(name) {
    const bytes = await this.bytes(name);
    if (GZIP.some((byte, i) => bytes[i] !== byte)) return bytes;
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  async #ask(name) {
    let response;
    try {
      response = await fetch(new URL(name, this.base));
    } catch (error) {
      throw new LoadError(`${name}: ${error.message}`);
    }
    if (!response.ok) throw new LoadError(`${name}: the server answers ${response.status}`);
    return response;
  }
}

/* The parts of a stream. (Not every browser can walk over one.) */
async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}
