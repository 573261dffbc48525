/* The runs that were recorded when the site was made: for whoever cannot train here. */

import { t } from "../words.js";
import { History } from "./history.js";

/* `nets` are [name, title]; returns a history of each that was recorded, and the steps in
 * an epoch. */
export async function recordedRuns(nets) {
  const response = await fetch(new URL("./manifest.json", import.meta.url));
  const { recorded, digits, batch } = await response.json();
  const epoch = Math.floor(digits.train / batch);
  const histories = nets
    .filter(([name]) => recorded[name])
    .map(([name, title]) => history(name, title, recorded[name], epoch));
  return { histories, epoch };
}

function history(name, title, { loss, accuracy }, epoch) {
  const history = new History(name, t("{title}, recorded", { title }));
  history.add({ losses: loss, rights: [], diverged: false });
  history.tests = accuracy.map((right, i) => ({ step: i * epoch, right }));
  return history;
}
