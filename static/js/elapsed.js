// Lets the times of what is under way run on between two looks at the server.
// Every element with data-elapsed (seconds when it was rendered) counts up from when it was first seen here.
(function () {
  "use strict";
  const seen = new WeakMap();

  function written(seconds) {
    const rest = String(seconds % 60).padStart(2, "0");
    const minutes = Math.floor(seconds / 60) % 60;
    const hours = Math.floor(seconds / 3600);
    return hours ? hours + ":" + String(minutes).padStart(2, "0") + ":" + rest : minutes + ":" + rest;
  }

  function tick() {
    for (const element of document.querySelectorAll("[data-elapsed]")) {
      if (!seen.has(element)) {
        seen.set(element, performance.now());
      }
      const since = Math.floor((performance.now() - seen.get(element)) / 1000);
      element.textContent = written(Number(element.dataset.elapsed) + since);
    }
  }

  tick();
  setInterval(tick, 1000);
})();
