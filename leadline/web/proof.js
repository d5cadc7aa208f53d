// Solves the proof of work of a form: finds the number whose SHA-256 with the salt is the challenge.
// Hashes are made in portions, so that the page can be typed into meanwhile. Whoever sends the form
// before the number is found waits for it; without a number it is sent all the same.
"use strict";
(() => {
  const PORTION = 500;
  const field = document.querySelector("input[name=altcha][data-challenge]");
  if (!field || !window.crypto || !window.crypto.subtle) return;
  const form = field.form;
  const { algorithm, challenge, maxNumber, salt, signature } = JSON.parse(field.dataset.challenge);
  const encoder = new TextEncoder();

  const hash = async (number) => {
    const digest = await crypto.subtle.digest(algorithm, encoder.encode(salt + number));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  const solve = async () => {
    for (let first = 0; first <= maxNumber; first += PORTION) {
      const count = Math.min(PORTION, maxNumber - first + 1);
      const found = await Promise.all(Array.from({ length: count }, (_, i) => hash(first + i)));
      const place = found.indexOf(challenge);
      if (place >= 0) {
        field.value = btoa(JSON.stringify({ algorithm, challenge, number: first + place, salt, signature }));
        return;
      }
      await new Promise((resume) => setTimeout(resume, 0));
    }
  };

  const solved = solve().catch(() => {});
  let isWaiting = false;
  form.addEventListener("submit", (event) => {
    if (field.value) return;
    event.preventDefault();
    if (isWaiting) return;
    isWaiting = true;
    solved.then(() => form.submit());
  });
})();
