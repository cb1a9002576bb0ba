// What the administrator's pages share: secrets to copy, and dialogs about one row of a table.

// data-fill-NAME on the button that opens a dialog goes to [data-filled=NAME] within it.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (!opener) return;
  for (const place of document.getElementById(opener.dataset.opens).querySelectorAll("[data-filled]")) {
    const value = opener.getAttribute(`data-fill-${place.dataset.filled}`) || "";
    if (place instanceof HTMLInputElement) place.value = value;
    else place.textContent = value;
  }
}, true);

for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", async () => {
    const place = document.getElementById(button.dataset.copies);
    try {
      // Only over https or on this machine; elsewhere it is selected, for Ctrl+C.
      await navigator.clipboard.writeText(place.textContent);
      button.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(place);
      button.textContent = button.dataset.failed;
    }
  });
}

// What just came of a form is read first.
document.querySelector("[data-focus]")?.focus();
