const WAIT = 2000; // milliseconds

/* For a moment, a button says what it did, and a screen reader says it too. */
export function announce(button, message) {
  const label = button.textContent;
  button.textContent = message;
  button.setAttribute("aria-live", "polite");
  setTimeout(() => (button.textContent = label), WAIT);
}
