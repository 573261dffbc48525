/* Chance as PyTorch has it on the CPU, so that a seed here is a seed there: the Mersenne
 * Twister (Matsumoto and Nishimura, 1998), and what torch makes of its numbers. The
 * page of `labml_style_nn.web_training.loop` says how torch draws; a test compares. */

const SIZE = 624; // numbers in the state
const LAG = 397;
const GROUP = 16; // normal numbers come in groups of so many

/* A generator, as `torch.manual_seed(seed)` leaves it. */
export class Random {
  #state = new Uint32Array(SIZE);
  #next = SIZE;

  constructor(seed) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const last = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = Math.imul(1812433253, last) + i;
    }
  }

  /* A whole number of 32 bits. */
  whole() {
    if (this.#next === SIZE) this.#twist();
    let y = this.#state[this.#next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist() {
    const state = this.#state;
    for (let i = 0; i < SIZE; i++) {
      const following = state[(i + 1) % SIZE];
      const y = (state[i] & 0x80000000) | (following & 0x7fffffff);
      state[i] = state[(i + LAG) % SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }

  /* From 0 up to 1, in steps of 2⁻²⁴: what `uniform_` draws for float32. */
  uniform() {
    return (this.whole() & 0xffffff) / 0x1000000;
  }

  /* `torch.empty(size).normal_(0, std)`, for 16 numbers or more. */
  normal(size, std) {
    const numbers = Float32Array.from({ length: size }, () => this.uniform());
    for (let i = 0; i + GROUP <= size; i += GROUP) {
      boxMuller(numbers.subarray(i, i + GROUP), std);
    }
    if (size % GROUP) {
      // The groups did not come out even: the last sixteen are drawn once more.
      const last = numbers.subarray(size - GROUP);
      last.set(Array.from(last, () => this.uniform()));
      boxMuller(last, std);
    }
    return numbers;
  }

  /* `trunc_normal_`, cut at two standard deviations: whatever lies beyond is taken from
   * another draw of the whole, until nothing lies there. */
  truncatedNormal(size, std) {
    const bound = Math.fround(2 * std);
    const numbers = this.normal(size, std);
    const outside = (number) => Math.abs(number) > bound;
    while (numbers.some(outside)) {
      const others = this.normal(size, std);
      numbers.forEach((number, i) => outside(number) && (numbers[i] = others[i]));
    }
    return numbers;
  }

  /* `torch.randperm(size)`. */
  permutation(size) {
    const order = Uint32Array.from({ length: size }, (_, i) => i);
    for (let i = 0; i < size - 1; i++) {
      const j = i + (this.whole() % (size - i));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

/* Turn sixteen uniform numbers into sixteen normal ones. */
function boxMuller(group, std) {
  for (let j = 0; j < GROUP / 2; j++) {
    const radius = Math.fround(Math.sqrt(-2 * Math.log(1 - group[j])));
    const angle = 2 * Math.PI * group[j + GROUP / 2];
    group[j] = radius * Math.cos(angle) * std;
    group[j + GROUP / 2] = radius * Math.sin(angle) * std;
  }
}
