// Tells which pages a visitor sees, once leadline.consent(true) was called or the script says
// data-consent="true"; before that nothing is sent or stored. leadline.consent(false) forgets.
"use strict";
(() => {
  const me = document.currentScript;
  const to = new URL("visits", me.src).href;
  const KEY = "leadline.visitor";
  const LINK = /([?&])ll=([^&#]+)(&|(?=#|$))/;
  let token = (LINK.exec(location.href) || [])[2] || "";
  if (token) {
    const rest = location.href.replace(LINK, (_, a, b, c) => (c ? a : ""));
    history.replaceState(history.state, "", rest);
  }

  const random = () =>
    [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const storage = (act, ...words) => {
    try {
      return localStorage[act](KEY, ...words);
    } catch {}
  };

  let visitor = storage("getItem");
  let last = "";
  const post = (body, more) =>
    fetch(to, { method: "POST", body, keepalive: true, credentials: "omit" })
      .then(({ status }) => status >= 500 && Promise.reject())
      .catch(() => more && visitor && setTimeout(post, 5000, body, more - 1));

  const view = () => {
    const query = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith("utm_"));
    const url = location.origin + location.pathname + (query[0] ? "?" + new URLSearchParams(query) : "");
    if (!visitor || url === last || document.prerendering) return;
    last = url;
    post(JSON.stringify({ id: random(), visitor, url, token }), 2);
    token = "";
  };

  const consent = (given) => {
    if (given) {
      if (!visitor) storage("setItem", (visitor = random()));
      view();
    } else {
      visitor = last = token = "";
      storage("removeItem");
    }
  };

  window.leadline = { consent, view };
  document.addEventListener("prerenderingchange", view);
  if (me.dataset.consent === "true") consent(true);
  else view();
})();
