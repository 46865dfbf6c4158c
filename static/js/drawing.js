// Draws a workflow anew a moment after it was changed.
//
// <form data-drawing-url="..." data-drawing-into="#id" data-drawing-team="...">: the form is sent as it stands,
// and the answer, which this site rendered, takes the place's content. Without scripts a button does it.
(() => {
  "use strict";
  const WAIT_MS = 600;
  for (const form of document.querySelectorAll("form[data-drawing-url]")) {
    const place = document.querySelector(form.dataset.drawingInto);
    if (!place) continue;
    let timer = 0;
    let asking = null;

    async function draw() {
      if (asking) asking.abort();
      asking = new AbortController();
      const body = new FormData(form);
      body.set("team", form.dataset.drawingTeam || "");
      const headers = { "HX-Request": "true" };
      try {
        const answer = await fetch(form.dataset.drawingUrl, { method: "POST", body, headers, signal: asking.signal });
        if (!answer.ok || answer.headers.has("HX-Refresh")) return;
        const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
        place.replaceChildren(...drawn.body.childNodes);
      } catch {
        // Superseded by the next change, or offline: the picture stays as it was.
      }
    }

    function soon() {
      clearTimeout(timer);
      timer = setTimeout(draw, WAIT_MS);
    }
    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
  }
})();
