/* Weave needs no script to be read. This one copies a module whole. */

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
