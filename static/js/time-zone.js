// Offers the browser's own time zone beside the field; without this script it is typed.
"use strict";
for (const button of document.querySelectorAll("[data-zone-for]")) {
  const field = document.getElementById(button.dataset.zoneFor);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && zone.includes("/") && field.value !== zone) {
    button.querySelector("span").textContent = zone;
    button.hidden = false;
    button.addEventListener("click", () => {
      field.value = zone;
      button.hidden = true;
      field.focus();
    });
  }
}
