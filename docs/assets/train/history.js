/* What a run came to, step by step: what the curves and the table are drawn from. */

const MEMORY = 0.85; // of a smooth curve, at each step

export class History {
  losses = []; // of each batch, before the step that learns from it
  rights = []; // the share of each batch that was right
  tests = []; // on the held-out digits: { step, right, loss, answers, sure }
  diverged = false;

  constructor(net, title) {
    Object.assign(this, { net, title });
  }

  get steps() {
    return this.losses.length;
  }

  get lastTest() {
    return this.tests.at(-1);
  }

  add({ losses, rights, diverged }) {
    this.losses.push(...losses);
    this.rights.push(...rights);
    this.diverged = diverged;
  }

  /* An epoch a row: the mean of its batches, and the test at its end. */
  epochs(length) {
    const rows = [];
    for (let from = 0; from + length <= this.steps; from += length) {
      const to = from + length;
      rows.push({
        step: to,
        loss: mean(this.losses.slice(from, to)),
        right: this.rights.length ? mean(this.rights.slice(from, to)) : undefined,
        test: this.tests.find((test) => test.step === to)?.right,
      });
    }
    return rows;
  }
}

/* Each value beside those before it, which count for less the longer ago they were. */
export function smooth(values) {
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    sum = MEMORY * sum + value;
    weight = MEMORY * weight + 1;
    return sum / weight;
  });
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
