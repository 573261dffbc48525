/* Copies the BibTeX of a paper. It stands on the page, and can be read without this. */

import { announce } from "./announce.js";
import { t } from "./words.js";

document.querySelectorAll("[data-weave-bibtex]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const entry = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(entry.textContent);
      announce(button, t("Copied"));
    } catch {
      // Without the right to the clipboard, the reader can copy what is selected.
      getSelection().selectAllChildren(entry);
      announce(button, t("Selected"));
    }
  });
});
