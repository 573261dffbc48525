/* Files of the site, with word of how much has come. */

const GZIP = [0x1f, 0x8b]; // how a compressed file begins
const WASM = [0x00, 0x61, 0x73, 0x6d]; // and a program of WebAssembly

/* What is wrong with a file: a `fault` that the page has words for, or the browser's own
 * words. (It is thrown in a thread that has no page, and so no language.) */
export class LoadError extends Error {
  constructor(file, detail) {
    super(file);
    this.detail = { file, ...detail };
  }
}

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
      throw new LoadError(name, { text: error.message });
    }
    const whole = joined(parts);
    // Some servers answer with a page, and that all is well, where there is no such file.
    if (isPage(whole)) throw new LoadError(name, { fault: "page" });
    return whole;
  }

  async json(name) {
    return JSON.parse(new TextDecoder().decode(await this.bytes(name)));
  }

  /* A compressed program of WebAssembly. Some servers let the browser expand it on the way. */
  async program(name) {
    const bytes = await this.bytes(name);
    const program = begins(bytes, GZIP) ? await expanded(bytes) : bytes;
    if (!begins(program, WASM)) throw new LoadError(name, { fault: "broken" });
    return program;
  }

  /* A script. Browsers take it only if the server says that it is one. */
  async module(name) {
    try {
      return await import(new URL(name, this.base));
    } catch (error) {
      const response = await this.#ask(name);
      const type = response.headers.get("Content-Type");
      const isScript = /javascript|ecmascript/.test(type ?? "");
      const other = type === null ? { fault: "untyped" } : { fault: "type", value: type };
      throw new LoadError(name, isScript ? { text: error.message } : other);
    }
  }

  async #ask(name) {
    let response;
    try {
      response = await fetch(new URL(name, this.base));
    } catch (error) {
      throw new LoadError(name, { text: error.message });
    }
    if (!response.ok) throw new LoadError(name, { fault: "status", value: `${response.status}` });
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

function begins(bytes, magic) {
  return magic.every((byte, i) => bytes[i] === byte);
}

/* None of our files begins as HTML does. */
function isPage(bytes) {
  return new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().startsWith("<");
}

/* What is not compressed rightly becomes nothing. */
async function expanded(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const whole = await new Response(stream).arrayBuffer().catch(() => new ArrayBuffer(0));
  return new Uint8Array(whole);
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
