/* What a network's answers on the held-out digits are worth. */

export const DIGITS = 10;

/* Ten numbers become ten probabilities. */
export function softmax(logits) {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

export function argmax(numbers) {
  return numbers.reduce((best, number, i) => (number > numbers[best] ? i : best), 0);
}

/* The answer to each image, how sure it was, the share that is right, the mean loss. */
export function judge(logits, labels) {
  const answers = [];
  const sure = [];
  let right = 0;
  let loss = 0;
  labels.forEach((label, i) => {
    const chances = softmax(logits.subarray(i * DIGITS, (i + 1) * DIGITS));
    const answer = argmax(chances);
    answers.push(answer);
    sure.push(chances[answer]);
    right += answer === label;
    loss -= Math.log(Math.max(chances[label], 1e-12)) / labels.length;
  });
  return { answers, sure, loss, right: right / labels.length };
}

/* How often a digit (row) was taken for another (column). */
export function confusion(answers, labels) {
  const counts = Array.from({ length: DIGITS }, () => new Array(DIGITS).fill(0));
  labels.forEach((label, i) => counts[label][answers[i]]++);
  return counts;
}

/* The places of the wrong answers, those it was surest of first. */
export function mistakes({ answers, sure }, labels) {
  const places = [...answers.keys()].filter((i) => answers[i] !== labels[i]);
  return places.sort((a, b) => sure[b] - sure[a]);
}
