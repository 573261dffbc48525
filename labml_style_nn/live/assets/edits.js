/* What a reader changed stays in this browser until it is reset: through a reload, a lost
 * server, a closed tab. Each edit remembers the text of the page that it began from, and
 * is dropped if the page says something else by now. */

const KEY = `live-edits ${location.pathname}`;

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // no storage for this site, or not what was written here
  }
}

function write(edits) {
  try {
    if (Object.keys(edits).length) localStorage.setItem(KEY, JSON.stringify(edits));
    else localStorage.removeItem(KEY);
  } catch {
    // It holds until the page is left.
  }
}

/** What became of a text of the page, if anything. `name` is which. */
export function edited(name, original) {
  const edit = read()[name];
  return edit?.original === original ? edit.text : null;
}

/** Keep an edit; the original itself is none. */
export function keep(name, original, text) {
  const edits = read();
  if (text === original) delete edits[name];
  else edits[name] = { original, text };
  write(edits);
}
