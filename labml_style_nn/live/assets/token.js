/* The token that lets this page run code on the reader's own machine. The server prints an
 * address that ends in `#token=…`. From there it goes into the browser's storage for this
 * address, and into the header of each request; never into a cookie. */

const KEY = "live-token";
const OWN = "127.0.0.1"; // where the server is, and no other

function storage() {
  try {
    return location.hostname === OWN ? localStorage : null;
  } catch {
    return null; // no storage for this site
  }
}

/** The token, or nothing: then this page cannot run anything. */
export function token() {
  return storage()?.getItem(KEY) ?? "";
}

/** Take the token out of the address, so that nobody copies it with a link. */
export function take() {
  const [, given] = location.hash.match(/^#token=([\w-]+)$/) ?? [];
  if (!given) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  storage()?.setItem(KEY, given);
}

/** A server refused this token: no page shall try it again. */
export function forget(refused) {
  if (token() === refused) storage()?.removeItem(KEY);
}
