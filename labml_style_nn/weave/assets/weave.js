/* Weave needs no script to be read. This one copies a module whole, lets the keyboard
 * scroll a formula that is wider than the screen, and tells a screen reader that the
 * button on a block of code is a button, not a place to navigate to. */

function announce(button, message) {
  const label = button.textContent;
  button.textContent = message;
  button.setAttribute("aria-live", "polite");
  setTimeout(() => (button.textContent = label), 2000);
}

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
      announce(button, "Copied");
    } catch {
      // Without a server, or without the right to the clipboard, the download is there.
      announce(button, "Please download");
    }
  });
});

const scrolls = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
document.querySelectorAll(".katex-display").forEach((formula) => scrolls.observe(formula));

function ungroup() {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([role])")) {
    nav.setAttribute("role", "none");
  }
}
new MutationObserver(ungroup).observe(document.body, { childList: true, subtree: true });
ungroup();
