// Says when the page of an execution has to be fetched anew: an event "renum:news" at #live, which htmx obeys.
// The server's stream of events tells; while it is not open, the page is asked each second instead.
(function () {
  "use strict";
  const source = document.getElementById("live-source");
  if (!source || !document.getElementById("live")) {
    return;
  }
  const TOGETHER_MS = 150;
  const ASK_MS = 1000;
  const REFUSED_FOR_MS = 15000;
  const HIDDEN_FOR_MS = 20000;
  let stream = null;
  let isOpen = false;
  let soon = null;
  let retry = null;
  let hide = null;

  // #live is another element after each swap, and has no address any more when the execution is over.
  function tell() {
    clearTimeout(soon);
    soon = null;
    const live = document.getElementById("live");
    if (live && live.hasAttribute("hx-get")) {
      live.dispatchEvent(new CustomEvent("renum:news"));
    } else {
      close();
    }
  }

  function note() {
    if (soon === null) {
      soon = setTimeout(tell, TOGETHER_MS);
    }
  }

  function open() {
    clearTimeout(retry);
    if (stream || !window.EventSource) {
      return;
    }
    const live = document.getElementById("live");
    if (!live || !live.hasAttribute("hx-get")) {
      return;
    }
    stream = new EventSource(source.dataset.events);
    stream.addEventListener("open", function () {
      isOpen = true;
      note();
    });
    stream.addEventListener("message", note);
    stream.addEventListener("end", note);
    stream.addEventListener("error", function () {
      isOpen = false;
      // Refused, or over: a browser asks again by itself only where the connection was lost.
      if (stream && stream.readyState === EventSource.CLOSED) {
        stream = null;
        retry = setTimeout(open, REFUSED_FOR_MS);
      }
    });
  }

  function close() {
    clearTimeout(retry);
    isOpen = false;
    if (stream) {
      stream.close();
      stream = null;
    }
  }

  setInterval(function () {
    if (!isOpen && !document.hidden) {
      note();
    }
  }, ASK_MS);
  document.addEventListener("visibilitychange", function () {
    clearTimeout(hide);
    if (document.hidden) {
      hide = setTimeout(close, HIDDEN_FOR_MS);
    } else {
      open();
      note();
    }
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      open();
      note();
    }
  });
  open();
})();
