/* The menu of copies opens and closes without a script, as a popover does. This puts it
 * below its button, and lets each form go to the clipboard. What the theme's own button
 * copies of an example is its code. */

import { announce } from "./announce.js";
import { withoutPrompts } from "./prompts.js";
import { t } from "./words.js";

async function source(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.text();
}

document.querySelectorAll("[data-weave-copy]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(await source(button.dataset.weaveCopy));
      announce(button, t("Copied"));
    } catch {
      // Without a server, or without the right to the clipboard, the download is there.
      announce(button, t("Please download"));
    }
  });
});

const menu = document.getElementById("weave-copy");
const opener = document.querySelector('[popovertarget="weave-copy"]');

/* It scrolls with the page, and keeps away from the edges of the window. */
function place() {
  const around = opener.getBoundingClientRect();
  const room = document.documentElement.clientWidth - menu.offsetWidth - 8;
  // Flush with the button on the left, or else on the right.
  const left = around.left < room ? around.left : around.right - menu.offsetWidth;
  menu.style.top = `${around.bottom + scrollY + 4}px`;
  menu.style.left = `${Math.max(8, left)}px`;
}

menu?.addEventListener("toggle", (event) => event.newState === "open" && place());
addEventListener("resize", () => menu?.matches(":popover-open") && place());

/* The theme copies what stands in this attribute, or else all that is shown. */
for (const code of document.querySelectorAll("pre > code")) {
  const text = code.textContent;
  const isExample = text.startsWith(">>>") || code.closest(".language-pycon");
  if (isExample) code.dataset.copy = withoutPrompts(text);
}
