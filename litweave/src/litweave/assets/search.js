/* Two things that the theme's search does too eagerly, and one that it cannot do. The
 * theme's script comes after this one, which stands in front of the things of the browser
 * that it does them with.
 *
 * It fetches the index, which is larger than the page, whether anybody searches or not. Here
 * it waits until somebody turns to the search, or the address asks for it (`?q=`, or `?h=`,
 * which marks what was found).
 *
 * And it hands a query on as it stands. To lunr, `+ - : ^ ~` are operators. One without its
 * operand, as in a word that is half typed (`few-`), matches every word of the site or none,
 * and what is typed next waits for the answer. Nobody here means an operator. */

(() => {
  const QUERY = 2; // the kind of message, as the theme numbers them

  let want;
  const wanted = new Promise((resolve) => {
    want = resolve;
  });
  const turned = ({ target }) => target.closest?.("[data-md-component=search]") && want();
  addEventListener("focusin", turned);
  addEventListener("pointerover", turned);
  const { searchParams } = new URL(location);
  if (searchParams.has("q") || searchParams.has("h")) want();

  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    if (`${address}`.endsWith("/search/search_index.json")) {
      this.send = (body) => wanted.then(() => send.call(this, body));
    }
    return open.call(this, method, address, ...rest);
  };

  const { lang, dataset } = document.documentElement;
  const isParted = "weaveParted" in dataset; // as the words of the index are
  const RUN = /[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{2,}/g;
  const segmenter = isParted && /^(zh|ja)/.test(lang) && window.Intl?.Segmenter
    ? new Intl.Segmenter(lang.slice(0, 2), { granularity: "word" })
    : null;
  // To lunr, `+` before a word says that it must be there. Many words of a run are single
  // characters, which are nearly everywhere. What joins them need not be there.
  const JOINT = /^(?:[\u3040-\u309f]+|[的了和与是在])$/;
  const part = ({ segment }) => (JOINT.test(segment) ? ` ${segment} ` : ` +${segment}* `);
  const cut = (run) => Array.from(segmenter.segment(run), part).join("");
  function words(query) {
    const plain = query.replace(/[-+:^~]+/g, " ");
    // The theme would put a second `+` to what stands in quotation marks.
    if (segmenter) return plain.replace(/"/g, " ").replace(RUN, cut);
    return isParted && lang === "si" ? plain.replace(/\u0dca(?=[\u0dba\u0dbb])/g, "$&\u200d") : plain;
  }

  const Theirs = Worker;
  const own = document.currentScript.src.replace("search.js", "search_worker.js");
  window.Worker = class extends Theirs {
    constructor(address, options) {
      const searches = `${address}`.includes("/workers/search.");
      const theirs = encodeURIComponent(new URL(address, document.baseURI));
      // From a disk, a worker is an element that the theme makes, and has no address.
      const isServed = location.protocol !== "file:";
      super(searches && isServed ? `${own}?theirs=${theirs}` : address, options);
      this.searches = searches;
    }

    postMessage(message, ...rest) {
      const asks = this.searches && message.type === QUERY;
      const data = asks && words(message.data);
      super.postMessage(asks ? { ...message, data } : message, ...rest);
    }
  };
})();
