// A button that copies what stands in another element. Without scripts it stays hidden: the text can be selected.
(() => {
  "use strict";
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
        button.textContent = button.dataset.done;
      } catch {
        button.hidden = true;
      }
    });
  }
})();
