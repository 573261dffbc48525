/* The colours of a terminal (ANSI), as the colours of the site, which are legible by day and
 * by night. Whatever else a terminal can be told is left out. */

const NAMES = ["ink", "red", "green", "yellow", "blue", "magenta", "cyan", "ink"];
const SEQUENCE = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07]*(?:\x07|\x1b\\)/g;

/** The name of the hue that is nearest to a colour: each of its parts is strong or not. */
function hue(red, green, blue) {
  const middle = (Math.max(red, green, blue) + Math.min(red, green, blue)) / 2;
  const strong = (part) => (part > middle ? 1 : 0);
  return NAMES[strong(red) + 2 * strong(green) + 4 * strong(blue)];
}

/* 256 colours: 16 by name, a cube of 6 × 6 × 6, and greys. */
function indexed(number) {
  if (number < 16) return NAMES[number % 8];
  if (number > 231) return "ink";
  const place = number - 16;
  return hue(Math.floor(place / 36), Math.floor(place / 6) % 6, place % 6);
}

/** What the numbers of a sequence make of a style. */
function styled(style, codes) {
  const next = { ...style };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) Object.assign(next, { colour: "", bold: false });
    else if (code === 1) next.bold = true;
    else if (code === 22) next.bold = false;
    else if (code === 39) next.colour = "";
    else if (code >= 30 && code <= 37) next.colour = NAMES[code - 30];
    else if (code >= 90 && code <= 97) next.colour = NAMES[code - 90];
    else if (code === 38 || code === 48) {
      const colour =
        codes[i + 1] === 5 ? indexed(codes[i + 2]) : hue(...codes.slice(i + 2, i + 5));
      if (code === 38) next.colour = colour;
      i += codes[i + 1] === 5 ? 2 : 4;
    }
  }
  return next;
}

function piece(text, { colour, bold }) {
  if (!colour && !bold) return document.createTextNode(text);
  const span = document.createElement("span");
  span.className = [colour && `live-${colour}`, bold && "live-bold"]
    .filter(Boolean)
    .join(" ");
  span.textContent = text;
  return span;
}

/** Text with a terminal's colours, as elements. */
export function coloured(text) {
  const all = document.createDocumentFragment();
  let style = { colour: "", bold: false };
  let from = 0;
  for (const match of text.matchAll(SEQUENCE)) {
    if (match.index > from) all.append(piece(text.slice(from, match.index), style));
    from = match.index + match[0].length;
    if (match[2] === "m") style = styled(style, match[1].split(";").map(Number));
  }
  if (from < text.length) all.append(piece(text.slice(from), style));
  return all;
}

/** Text without any of it. */
export function plain(text) {
  return text.replace(SEQUENCE, "");
}
