// Frames on the emulator's own origin: what is typed into them never reaches the page.

// The page may name the emulator otherwise than the server does: the script's own origin counts.
const ORIGIN = new URL(document.currentScript.src).origin;

let framesMade = 0;

function makeFrame(path, title, facts = {}) {
  const frame = document.createElement("iframe");
  framesMade += 1;
  frame.name = `__privateStripeFrame${framesMade}`;
  frame.title = title;
  frame.allow = "payment *";
  // Behind the # it stays out of every log.
  const told = new URLSearchParams({ ...facts, origin: window.location.origin });
  frame.src = `${ORIGIN}${path}#${told}`;
  Object.assign(frame.style, { border: "none", margin: "0", padding: "0" });
  return frame;
}

// Hears what one frame says, and nobody else; gives the function that stops it.
function hear(frame, listener) {
  const heard = (event) => {
    if (event.source === frame.contentWindow && event.origin === ORIGIN) listener(event.data);
  };
  window.addEventListener("message", heard);
  return () => window.removeEventListener("message", heard);
}

function tell(frame, message) {
  frame.contentWindow?.postMessage(message, ORIGIN);
}

function bodyReady() {
  if (document.body) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("DOMContentLoaded", resolve, { once: true });
  });
}
