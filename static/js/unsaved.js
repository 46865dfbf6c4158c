// Asks before a page is left whose form holds something that was not saved.
"use strict";
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  let unsaved = form.dataset.unsaved === "true";
  form.addEventListener("input", () => { unsaved = true; });
  form.addEventListener("submit", (event) => {
    // What opens beside the page leaves it as it is.
    if (!event.submitter || event.submitter.formTarget !== "_blank") unsaved = false;
  });
  for (const link of document.querySelectorAll("a[data-leaves]")) {
    link.addEventListener("click", () => { unsaved = false; });
  }
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
}
