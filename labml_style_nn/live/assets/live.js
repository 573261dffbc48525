/* Live: the first script. It finds what on this page can run. With the token of a live server
 * it brings the rest; without one, the same buttons say how to come by one. */

import { examples, module } from "./examples.js";
import { offer } from "./offer.js";
import { take, token } from "./token.js";

take();
const found = examples();
const about = module();
if (found.length || about) {
  const { start } = token() ? await import("./page.js") : { start: offer };
  start(found, about);
}
