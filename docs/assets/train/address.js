/* The choices of an experiment, and how they stand in the address of the page:
 * `?net=default&beside=no_skip&seed=3&epochs=15&lr=0.003,0.01@44`, the last of which says
 * that the learning rate was changed after 44 steps. What is as usual is left out. */

export const USUAL = { net: "default", beside: "", seed: 0, epochs: 15 };
const NAMES = { lr: "lr", weightDecay: "wd" };

/* Read choices; what makes no sense is as usual. `nets` are the names there are. */
export function read(search, nets, rates) {
  const query = new URLSearchParams(search);
  const among = (name, names) => (names.includes(query.get(name)) ? query.get(name) : USUAL[name]);
  return {
    net: among("net", nets),
    beside: among("beside", nets),
    seed: whole(query.get("seed"), 0, 2 ** 32 - 1) ?? USUAL.seed,
    epochs: whole(query.get("epochs"), 1, 200) ?? USUAL.epochs,
    schedule: readSchedule(query, rates),
  };
}

export function write(choices, rates) {
  const query = new URLSearchParams();
  for (const [name, usual] of Object.entries(USUAL)) {
    if (choices[name] !== usual) query.set(name, choices[name]);
  }
  for (const [rate, name] of Object.entries(NAMES)) {
    const text = changes(choices.schedule, rate);
    if (text !== String(rates[rate])) query.set(name, text);
  }
  // A comma and an at sign are no danger in an address, and are read more easily.
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%40", "@");
  return text && `?${text}`;
}

function whole(text, least, most) {
  const number = /^\d+$/.test(text ?? "") ? Number(text) : NaN;
  return number >= least && number <= most ? number : null;
}

/* "0.003,0.01@44": each value that differs from the one before, and its step. */
function changes(schedule, rate) {
  return schedule
    .filter((change, i) => i === 0 || change[rate] !== schedule[i - 1][rate])
    .map((change) => (change.step ? `${change[rate]}@${change.step}` : `${change[rate]}`))
    .join();
}

function readSchedule(query, rates) {
  const values = Object.fromEntries(
    Object.entries(NAMES).map(([rate, name]) => [rate, readChanges(query.get(name), rates[rate])]),
  );
  const steps = Object.values(values).flatMap((some) => some.map(({ step }) => step));
  return [...new Set(steps)]
    .sort((a, b) => a - b)
    .map((step) => ({ step, lr: at(values.lr, step), weightDecay: at(values.weightDecay, step) }));
}

function readChanges(text, usual) {
  const found = (text ?? "").split(",").map((part) => {
    const [value, step = "0"] = part.split("@");
    return { step: whole(step, 0, 1e6), value: value.trim() === "" ? NaN : Number(value) };
  });
  const sound = found.filter(({ step, value }) => step !== null && value >= 0 && value <= 10);
  const sorted = sound.sort((a, b) => a.step - b.step);
  return sorted[0]?.step === 0 ? sorted : [{ step: 0, value: usual }, ...sorted];
}

function at(values, step) {
  return values.findLast((one) => one.step <= step).value;
}
