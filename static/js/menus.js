// Closes an open menu where people expect it to close: on a click elsewhere and on Escape.
(function () {
  "use strict";
  function close(except) {
    document.querySelectorAll("details[data-menu][open]").forEach(function (menu) {
      if (menu !== except) {
        menu.open = false;
      }
    });
  }

  document.addEventListener("click", function (event) {
    close(event.target.closest("details[data-menu]"));
  });
  document.addEventListener("keydown", function (event) {
    const menu = event.key === "Escape" && document.querySelector("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();
