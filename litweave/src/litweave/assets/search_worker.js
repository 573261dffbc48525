/* The theme's worker of the search, with a fault of lunr mended.
 *
 * lunr keeps words as a tree and makes one node of two that are alike. It compares them by
 * their letters and the numbers of the nodes that follow, written without a gap: so a letter
 * that is a digit may pass for a part of a number. Then there are words that nobody wrote,
 * and a query that meets one (`p` meets `page16` and `page17`) is never answered. Here each
 * number has an end. */

const asked = new URLSearchParams(location.search).get("theirs");
const theirs = new URL(new URL(asked, location).pathname, location); // of this site alone
const load = self.importScripts.bind(self);
self.importScripts = (...paths) => load(...paths.map((path) => new URL(path, theirs).href));
load(theirs.href);

self.lunr.TokenSet.prototype.toString = function () {
  if (this._str) return this._str;
  const next = Object.keys(this.edges).sort().map((letter) => `${letter}${this.edges[letter].id},`);
  return `${Number(this.final)}${next.join("")}`;
};
