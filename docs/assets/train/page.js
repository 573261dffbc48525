/* "Train a Mixer here": the form and the pictures on one side, the run on the other.
 * Nothing is loaded before the reader presses the button. */

import { percent, t } from "../words.js";
import { Choices } from "./choices.js";
import { Controls } from "./controls.js";
import { Lab } from "./lab.js";
import { tooLarge, trouble } from "./trouble.js";
import { Views } from "./views.js";

const MORE = 5; // epochs

const root = document.querySelector("[data-train]");
const drive = root.querySelector(".train-drive");
const phone = matchMedia("(max-width: 44.9375em)");
const lab = new Lab();
const choices = new Choices(root, networks());
const controls = new Controls(root);
const views = new Views(root, lab, choices);

/* What the page says of each network, by its name. */
function networks() {
  const entries = [...document.querySelectorAll("[data-net]")].map((entry) => {
    const title = entry.querySelector("[data-title]").textContent;
    const note = entry.querySelector("[data-note]");
    return [entry.dataset.net, { title, note, data: entry.hasAttribute("data-digits") }];
  });
  return new Map(entries);
}

/* ---- What the reader does -------------------------------------------------------------- */

const deeds = {
  idle: start,
  loading: () => lab.reset(),
  running: () => lab.pause(),
  paused: () => lab.goOn(choices.chosen.epochs),
  finished: more,
  diverged: reset,
};

function start() {
  controls.warn("");
  choices.step = 0;
  lab.start({ ...choices.chosen, nets: choices.titled });
  // On a phone the form takes the whole screen: make room for what it comes to.
  if (phone.matches) drive.scrollIntoView();
}

function more() {
  choices.setEpochs(choices.chosen.epochs + MORE);
  lab.goOn(choices.chosen.epochs);
}

function reset() {
  lab.reset();
  choices.beginAnew();
}

/* A link to an experiment on this page: choose it and begin. */
function follow(event) {
  const link = event.target.closest("a[data-try]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  lab.reset();
  choices.readAddress();
  root.scrollIntoView();
  controls.main.focus({ preventScroll: true });
  start();
}

controls.main.addEventListener("click", () => deeds[lab.state]());
controls.again.addEventListener("click", reset);
document.addEventListener("click", follow);
addEventListener("popstate", () => {
  lab.reset();
  choices.readAddress();
});
choices.addEventListener("experiment", () => lab.reset());
choices.addEventListener("rates", () => lab.setRates(choices.rates));
choices.addEventListener("epochs", () => lab.setEpochs(choices.chosen.epochs));

/* ---- What the run tells ------------------------------------------------------------------ */

const on = (type, hear) => lab.addEventListener(type, ({ detail }) => hear(detail));

on("state", ({ state }) => {
  controls.setState(state);
  choices.lock(state === "loading" || state === "running");
  root.dataset.state = state;
  if (state === "idle") controls.idle();
  if (state === "idle" || state === "loading") views.clear();
  if (state === "paused") controls.say(t("Paused after {steps} steps.", { steps: lab.steps }));
  if (state === "finished") controls.say(t("Finished. {results}", { results: summary() }));
  if (lab.begun) showProgress();
});
on("progress", ({ loaded, total }) => controls.downloaded(loaded, total));
on("learned", ({ which }) => {
  const history = lab.histories[which];
  if (history.diverged) controls.warn(tooLarge(history.title, history.steps));
  choices.step = lab.steps;
  showProgress();
  views.soon();
});
on("tested", ({ which }) => {
  views.tested(which);
  if (which === lab.histories.length - 1) controls.say(summary());
});
on("schedule", ({ schedule }) => choices.setSchedule(schedule));
on("looked", (answer) => views.looked(answer));
on("trouble", ({ why, detail }) => {
  controls.warn(trouble(why, detail));
  views.showRecorded();
});

function showProgress() {
  controls.trained(lab.steps, choices.chosen.epochs * lab.epoch, lab.epoch);
}

/* How well each network reads the held-out digits by now. */
function summary() {
  const each = lab.histories
    .filter(({ lastTest }) => lastTest)
    .map(({ title, lastTest }) =>
      t("{title}: test accuracy {share}", { title, share: percent(lastTest.right, 1) }),
    );
  return each.length ? each.reduce((first, next) => t("{first}; {next}", { first, next })) : "";
}

controls.setState("idle");
root.querySelector("[data-live]").hidden = false;
