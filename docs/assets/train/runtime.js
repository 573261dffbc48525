/* onnxruntime-web: it runs the graphs that were made from the PyTorch modules when the
 * site was built. One thread, WebAssembly, and no special headers from the server. */

const MODULE = "ort/ort.wasm.min.js";
const BINARY = "ort/ort-wasm-simd-threaded.wasm.gz";
const GLUE = "ort/ort-wasm-simd-threaded.js";

export class Runtime {
  static async load(loader) {
    const [ort, binary] = await Promise.all([
      loader.module(MODULE),
      loader.program(BINARY),
      loader.module(GLUE), // which onnxruntime-web asks for by itself, and then finds
    ]);
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmBinary = binary;
    ort.env.wasm.wasmPaths = { mjs: new URL(GLUE, loader.base).href };
    ort.env.logLevel = "error";
    return new Runtime(ort);
  }

  constructor(ort) {
    this.ort = ort;
  }

  async graph(bytes) {
    const session = await this.ort.InferenceSession.create(bytes, {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "all",
    });
    return new Graph(this.ort.Tensor, session);
  }
}

/* A graph as a function: named arrays go in, named tensors come out. */
export class Graph {
  constructor(Tensor, session) {
    this.Tensor = Tensor;
    this.session = session;
  }

  /* Each input is an array and its shape; a number by itself is a scalar. */
  async run(inputs, outputs = this.session.outputNames) {
    const feeds = {};
    for (const [name, value] of Object.entries(inputs)) feeds[name] = this.#tensor(value);
    return this.session.run(feeds, outputs);
  }

  #tensor(value) {
    if (typeof value === "number") {
      return new this.Tensor("float32", Float32Array.of(value), []);
    }
    const [data, shape] = value;
    const kind = data instanceof BigInt64Array ? "int64" : "float32";
    return new this.Tensor(kind, data, shape);
  }
}
