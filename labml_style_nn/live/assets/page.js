/* A live page: its cells, its kernel, and what the header says of it. */

import { Cell } from "./cell.js";
import { Kernel } from "./kernel.js";
import { header } from "./header.js";
import { Trial } from "./trial.js";

/* The examples of a module are run as doctest runs them: with the names of the module at
 * hand, and each value shown as Python's own prompt shows it. */
function preparation({ name }) {
  return `def _():
    import importlib
    shell = get_ipython()
    shell.ast_node_interactivity = "all"
    shell.display_formatter.formatters["text/plain"].pprint = False
    names = vars(importlib.import_module("${name}"))
    shell.user_ns.update({n: v for n, v in names.items()
        if n[:2] != "__" and n not in shell.user_ns})
_()
del _`;
}

/* One after the other, until one fails: the rest would build on what is not there. */
async function runUpTo(cells, cell) {
  const above = cells.slice(0, cells.indexOf(cell));
  cell.wait();
  for (const each of above) {
    if (!(await each.run())) return cell.skip(each);
  }
  return cell.run();
}

/** Bring a page to life. */
export function start(examples, about) {
  const kernel = new Kernel(location.pathname, about ? preparation(about) : "pass");
  const cells = [];
  const upTo = (cell) => runUpTo(cells, cell);
  cells.push(...examples.map((example, n) => new Cell(example, `cell ${n}`, kernel, upTo)));
  if (about) new Trial(about, kernel);
  header(kernel);
  kernel.find().catch(() => {}); // whoever runs something will be told
}
