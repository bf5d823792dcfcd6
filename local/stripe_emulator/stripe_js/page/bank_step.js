// The bank's step: a frame over the page, or a page of its own to go to and come back from.

async function takeBankStep(action) {
  if (action.type === "redirect_to_url") {
    window.location.assign(onOurOrigin(action.redirect_to_url.url));
    // The page is being left: whoever waits for this promise goes with it.
    return new Promise(() => {});
  }
  await bodyReady();
  const before = document.activeElement;
  const frame = makeFrame(onOurPath(action.use_stripe_sdk.stripe_js), "3D Secure authentication");
  const overlay = document.createElement("div");
  // Written property by property, since a page's policy may forbid style attributes.
  Object.assign(overlay.style, {
    background: "rgba(0, 0, 0, 0.5)",
    inset: "0",
    overflow: "auto",
    pointerEvents: "auto",
    position: "fixed",
    zIndex: "2147483647",
  });
  Object.assign(frame.style, { colorScheme: "light only", height: "100%", width: "100%" });
  overlay.append(frame);
  return new Promise((resolve) => {
    const deaf = hear(frame, (message) => {
      if (message.type !== "bank_step_over") return;
      deaf();
      overlay.remove();
      if (before instanceof HTMLElement) before.focus();
      resolve();
    });
    document.body.append(overlay);
    frame.addEventListener("load", () => frame.focus());
  });
}

function onOurPath(url) {
  return new URL(url).pathname;
}

function onOurOrigin(url) {
  return ORIGIN + onOurPath(url);
}
