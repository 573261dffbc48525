/* The page's end of the thread that trains. It begins the thread when it is first needed,
 * and says plainly when the browser cannot have one. */

/* The smallest WebAssembly program with an instruction on vectors. */
const VECTORS = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0,
  10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
);

/* What is missing for training in this browser; empty if nothing is. */
export function missing() {
  if (typeof Worker === "undefined") return "worker";
  if (typeof WebAssembly === "undefined") return "wasm";
  if (!WebAssembly.validate(VECTORS)) return "simd";
  if (typeof DecompressionStream === "undefined") return "old";
  return "";
}

export class Session extends EventTarget {
  #worker = null;
  #run = 0; // the last that was begun

  /* Tell the thread something: a method of `Trainer`, and what it takes. */
  tell(type, message = {}) {
    this.#worker ??= this.#begin();
    this.#run = message.run ?? this.#run;
    this.#worker.postMessage({ type, ...message });
  }

  /* Whatever it is doing; the next message begins another thread. */
  stop() {
    this.#worker?.terminate();
    this.#worker = null;
  }

  #begin() {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => this.#pass(data);
    worker.onerror = (event) => {
      event.preventDefault();
      // An error in a script has words; a script that did not come has none.
      const failed = event.message
        ? { why: "other", detail: { text: event.message } }
        : { why: "load", detail: { file: "worker.js", fault: "begin" } };
      this.#pass({ type: "failed", run: this.#run, ...failed });
    };
    return worker;
  }

  #pass(data) {
    if (data.type === "failed") this.stop();
    this.dispatchEvent(new MessageEvent(data.type, { data }));
  }
}
