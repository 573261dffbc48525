/* What is said when the browser cannot train, and what the reader can do about it. */

import { t } from "../words.js";

const WORDS = {
  worker: t("This browser does not let the page compute in the background."),
  wasm: t("This browser does not run WebAssembly, or it is switched off."),
  simd: t(
    "This browser's WebAssembly has no instructions on vectors (SIMD), which the training needs.",
  ),
  old: t("This browser cannot expand the compressed program."),
  load: t(
    "A part of the program could not be loaded. Look whether you are connected, then press Train again. If it stays so, tell whoever runs this site.",
  ),
  policy: t(
    "The rules of this server (Content-Security-Policy) forbid WebAssembly: their script-src needs 'wasm-unsafe-eval'.",
  ),
  memory: t("The browser has run out of memory. Close some tabs, then press Train again."),
  other: t("The training was stopped by an error."),
};
const NEWER = t("A current Firefox, Chrome, Edge or Safari can.");
const RECORDED = t("Below is a run that was recorded when this site was made.");

/* What is wrong with a file, as `LoadError` calls it. */
const FAULTS = {
  begin: t("the thread could not begin"),
  page: t("the server sent a page in its place"),
  broken: t("it is broken, or not whole"),
  type: t("the server says that it is {value}, not JavaScript"),
  untyped: t("the server says that it is of no type, not JavaScript"),
  status: t("the server answers {value}"),
};

export function trouble(why, detail) {
  const advice = ["worker", "wasm", "simd", "old"].includes(why) ? NEWER : "";
  const what = WORDS[why];
  const full = detail ? t("{what} ({detail})", { what, detail: told(detail) }) : what;
  return [full, advice, RECORDED].filter(Boolean).reduce((first, next) => t("{first} {next}", { first, next }));
}

function told({ file, fault, value, text }) {
  const problem = fault ? FAULTS[fault].replace("{value}", () => value) : text;
  return file ? t("{file}: {problem}", { file, problem }) : problem;
}

export function tooLarge(title, step) {
  return t(
    "{title}: after {step} steps the loss is no number any more (NaN). The steps were so large that the weights left all bounds. Choose a smaller learning rate, and press Reset.",
    { title, step },
  );
}
