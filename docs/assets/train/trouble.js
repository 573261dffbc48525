/* What is said when the browser cannot train, and what the reader can do about it. */

const WORDS = {
  worker: "This browser does not let the page compute in the background.",
  wasm: "This browser does not run WebAssembly, or it is switched off.",
  simd: "This browser's WebAssembly has no instructions on vectors (SIMD), which the training needs.",
  old: "This browser cannot expand the compressed program.",
  load:
    "A part of the program could not be loaded. Look whether you are connected, then press Train " +
    "again. If it stays so, tell whoever runs this site.",
  policy:
    "The rules of this server (Content-Security-Policy) forbid WebAssembly: their script-src " +
    "needs 'wasm-unsafe-eval'.",
  memory: "The browser has run out of memory. Close some tabs, then press Train again.",
  other: "The training was stopped by an error.",
};
const NEWER = "A current Firefox, Chrome, Edge or Safari can.";
const RECORDED = "Below is a run that was recorded when this site was made.";

export function trouble(why, detail) {
  const advice = ["worker", "wasm", "simd", "old"].includes(why) ? NEWER : "";
  const told = detail ? `(${detail})` : "";
  return [WORDS[why], advice, told, RECORDED].filter(Boolean).join(" ");
}

export function tooLarge(title, step) {
  return (
    `${title}: after ${step} steps the loss is no number any more (NaN). The steps were so large ` +
    "that the weights left all bounds. Choose a smaller learning rate, and press Reset."
  );
}
