// How a frame talks to its page, and what it was told at its start.

export const facts = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

export function say(message) {
  parent.postMessage(message, facts.origin);
}

export function hear(listeners) {
  addEventListener("message", (event) => {
    if (event.source === parent && event.origin === facts.origin) {
      listeners[event.data.type]?.(event.data);
    }
  });
}
