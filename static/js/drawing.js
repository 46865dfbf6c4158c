// Draws a workflow anew a moment after it was changed.
//
// <textarea data-drawing-url="..." data-drawing-into="#id" data-drawing-team="...">: its text is sent as
// `definition`, and the answer, which this site rendered, takes the place's content. Without scripts a button
// of the form does it.
(() => {
  "use strict";
  const WAIT_MS = 600;
  for (const field of document.querySelectorAll("textarea[data-drawing-url]")) {
    const place = document.querySelector(field.dataset.drawingInto);
    const token = field.form && field.form.querySelector('input[name="csrfmiddlewaretoken"]');
    if (!place || !token) continue;
    let timer = 0;
    let asking = null;

    async function draw() {
      if (asking) asking.abort();
      asking = new AbortController();
      const body = new URLSearchParams({ definition: field.value, team: field.dataset.drawingTeam || "" });
      const headers = { "X-CSRFToken": token.value, "HX-Request": "true" };
      try {
        const answer = await fetch(field.dataset.drawingUrl, { method: "POST", body, headers, signal: asking.signal });
        if (!answer.ok || answer.headers.has("HX-Refresh")) return;
        const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
        place.replaceChildren(...drawn.body.childNodes);
      } catch {
        // Superseded by the next change, or offline: the picture stays as it was.
      }
    }

    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(draw, WAIT_MS);
    });
    if (!place.firstElementChild) draw();
  }
})();
