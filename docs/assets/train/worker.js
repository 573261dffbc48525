/* The thread that trains. What it can be told are the public methods of `Trainer`. */

import { Trainer } from "./trainer.js";

const base = new URL("./", import.meta.url);
const trainer = new Trainer(base, (message, transfer) => postMessage(message, transfer));

onmessage = ({ data: { type, ...message } }) => trainer[type](message);
