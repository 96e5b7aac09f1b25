// The theme fetches the index of the search with every page: a third of a megabyte on the wire, of which
// few readers make use. Here it waits until somebody turns to the search, or comes from it.
(() => {
  const { open, send } = XMLHttpRequest.prototype;
  const waiting = new WeakSet();
  const asked = new Promise((resolve) => {
    if (/[?&][hq]=/.test(location.search)) resolve();
    document.getElementById("__search")?.addEventListener("change", resolve);
    for (const sign of ["focusin", "pointerover"]) {
      document.querySelector("[data-md-component=search]")?.addEventListener(sign, resolve);
    }
  });
  XMLHttpRequest.prototype.open = function (method, address, ...others) {
    if (/\bsearch(_index)?\.json$/.test(address)) waiting.add(this);
    return open.call(this, method, address, ...others);
  };
  XMLHttpRequest.prototype.send = function (...content) {
    if (!waiting.delete(this)) return send.apply(this, content);
    asked.then(() => send.apply(this, content));
  };
})();
