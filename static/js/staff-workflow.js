// The team form of the admin is not ours to mark: the picture's place says what drawing.js reads on the form,
// and asks for the first picture.
(() => {
  "use strict";
  const place = document.querySelector("[data-draws-form]");
  const form = place && place.closest("form");
  if (!form) return;
  form.dataset.drawingUrl = place.dataset.drawsForm;
  form.dataset.drawingInto = `#${place.id}`;
  form.dataset.drawingTeam = place.dataset.drawsTeam;
  addEventListener("load", () => place.dispatchEvent(new Event("change", { bubbles: true })));
})();
