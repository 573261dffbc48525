/* Where no Python waits behind the page, a button says how a reader comes by it. Nothing is
 * asked of any server. */

import { t } from "../words.js";
import { iconButton, make, tryButton } from "./make.js";

const site = new URL("../../", import.meta.url); // this file is in assets/live/

function words() {
  const notebook = document.querySelector('.nb-downloads a[download$=".ipynb"]');
  const guide = make("a", { href: new URL("guide/run/#live", site).href }, t("How it works"));
  const install = make("a", { href: new URL("guide/install/", site).href }, t("Install"));
  const links = make("p", {}, install, " · ", guide);
  if (notebook) {
    const { href, download } = notebook;
    links.append(" · ", make("a", { href, download }, t("Download the notebook")));
  }
  const command = t(
    "In the folder of the repository, this command serves the site with Python behind it:",
  );
  return [
    make("p", {}, make("strong", {}, t("This runs on your own machine"))),
    make("p", {}, command),
    make("pre", {}, make("code", {}, "make live")),
    links,
  ];
}

function note() {
  const group = { popover: "auto", role: "group", "aria-label": t("How to run this") };
  return make("div.live-offer", group, ...words());
}

/* Below the button, flush with it on the right if the window has room. */
function place(box, button) {
  const around = button.getBoundingClientRect();
  box.style.top = `${around.bottom + scrollY + 6}px`;
  box.style.left = `${Math.max(8, around.right - box.offsetWidth)}px`;
}

/** Put the buttons on the page. */
export function offer(examples, about) {
  const box = note();
  // It comes after the button in the order of tabs, wherever it stands.
  function tell({ currentTarget: button }) {
    button.after(box);
    box.showPopover({ source: button });
    place(box, button);
  }
  for (const { block } of examples) {
    block.classList.add("live-block");
    block.append(make("div.live-tools", {}, iconButton("run", t("Run"), tell)));
  }
  if (about) tryButton(tell, t("Try it on your machine"));
}
