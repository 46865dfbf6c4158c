// Keeps what a reader has scrolled and opened where #live is rendered anew: the server knows nothing of it.
// Elements are known by their ids. Focus htmx keeps by itself, by the same ids.
(function () {
  "use strict";
  let scrolled = new Map();
  let opened = new Map();

  function isLive(event) {
    return event.target.id === "live";
  }

  document.body.addEventListener("htmx:beforeSwap", function (event) {
    if (!isLive(event)) {
      return;
    }
    const graph = document.getElementById("graph");
    scrolled = new Map(graph ? [["graph", [graph.scrollLeft, graph.scrollTop]]] : []);
    opened = new Map();
    for (const details of document.querySelectorAll("#live details[id]")) {
      opened.set(details.id, details.open);
    }
  });

  document.body.addEventListener("htmx:afterSettle", function () {
    for (const [id, [left, top]] of scrolled) {
      const element = document.getElementById(id);
      if (element) {
        element.scrollTo(left, top);
      }
    }
    for (const [id, isOpen] of opened) {
      const details = document.getElementById(id);
      if (details) {
        details.open = isOpen;
      }
    }
    scrolled.clear();
    opened.clear();
  });
})();
