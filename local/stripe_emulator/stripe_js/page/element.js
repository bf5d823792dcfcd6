// An Element: a frame in the page's container, whose classes tell how it stands.

const FRAME_TITLES = {
  card: "Secure card payment input frame",
  cardNumber: "Secure card number input frame",
  cardExpiry: "Secure expiration date input frame",
  cardCvc: "Secure CVC input frame",
};
const CLASSES = {
  base: "StripeElement",
  complete: "StripeElement--complete",
  empty: "StripeElement--empty",
  focus: "StripeElement--focus",
  invalid: "StripeElement--invalid",
  webkitAutofill: "StripeElement--webkit-autofill",
};

class Element {
  #type;
  #group;
  #options;
  #destroyed;
  #container = null;
  #frame = null;
  #undo = [];
  #handlers = new Map();
  #loaded = false;
  #state = { empty: true };

  constructor(type, group, options, destroyed) {
    this.#type = type;
    this.#group = group;
    this.#options = options;
    this.#destroyed = destroyed;
  }

  get group() {
    return this.#group;
  }

  get type() {
    return this.#type;
  }

  mount(target) {
    if (this.#destroyed === null) throw new IntegrationError("This Element was destroyed.");
    const container = typeof target === "string" ? document.querySelector(target) : target;
    if (!(container instanceof HTMLElement)) {
      throw new IntegrationError(
        "The selector or element that you gave to mount does not match an element of the page.",
      );
    }
    if (this.#frame) this.unmount();
    this.#container = container;
    this.#frame = makeFrame("/js/element.html", FRAME_TITLES[this.#type], {
      type: this.#type,
      group: this.#group,
    });
    Object.assign(this.#frame.style, {
      colorScheme: "light only",
      display: "block",
      height: "19.2px",
      minWidth: "100%",
      width: "1px",
    });
    this.#undo = [hear(this.#frame, (message) => this.#heard(message)), this.#focusByLabel()];
    container.replaceChildren(this.#frame);
    this.#state = { empty: true };
    this.#showClasses();
  }

  unmount() {
    for (const undo of this.#undo) undo();
    this.#undo = [];
    this.#frame?.remove();
    this.#dropClasses();
    this.#frame = null;
    this.#container = null;
    this.#loaded = false;
  }

  destroy() {
    this.unmount();
    this.#destroyed?.();
    this.#destroyed = null;
  }

  update(options) {
    this.#dropClasses();
    this.#options = { ...this.#options, ...options };
    this.#tell({ type: "options", options: this.#options });
    this.#showClasses();
  }

  focus() {
    this.#frame?.focus();
    this.#tell({ type: "focus" });
  }

  blur() {
    this.#tell({ type: "blur" });
    this.#frame?.blur();
  }

  clear() {
    this.#tell({ type: "clear" });
  }

  on(name, handler) {
    const known = this.#handlers.get(name) ?? [];
    this.#handlers.set(name, [...known, handler]);
    return this;
  }

  once(name, handler) {
    const first = (event) => {
      this.off(name, first);
      handler(event);
    };
    return this.on(name, first);
  }

  off(name, handler) {
    const known = this.#handlers.get(name) ?? [];
    this.#handlers.set(name, handler ? known.filter((other) => other !== handler) : []);
    return this;
  }

  addEventListener(name, handler) {
    return this.on(name, handler);
  }

  removeEventListener(name, handler) {
    return this.off(name, handler);
  }

  #tell(message) {
    if (this.#loaded) tell(this.#frame, message);
  }

  #heard(message) {
    switch (message.type) {
      case "loaded":
        this.#loaded = true;
        this.#tell({ type: "options", options: this.#options });
        this.#emit("ready", {});
        break;
      case "height":
        this.#frame.style.height = `${message.height}px`;
        break;
      case "state":
        this.#state = message.state;
        this.#showClasses();
        break;
      case "submit":
        this.#container.closest("form")?.requestSubmit();
        break;
      case "event":
        this.#emit(message.name, message.event);
        break;
    }
  }

  #emit(name, event) {
    const handlers = this.#handlers.get(name) ?? [];
    for (const handler of handlers) handler({ elementType: this.#type, ...event });
  }

  get #classes() {
    return { ...CLASSES, ...this.#options.classes };
  }

  #dropClasses() {
    this.#container?.classList.remove(...Object.values(this.#classes).flatMap(words));
  }

  #showClasses() {
    if (!this.#container) return;
    const shown = { base: true, ...this.#state };
    for (const [name, given] of Object.entries(this.#classes)) {
      for (const word of words(given)) this.#container.classList.toggle(word, Boolean(shown[name]));
    }
  }

  // A container is no control, so a click on its label has to be passed on by hand.
  #focusByLabel() {
    const container = this.#container;
    const labels = [container.closest("label")];
    if (container.id) {
      labels.push(...document.querySelectorAll(`label[for="${CSS.escape(container.id)}"]`));
    }
    const focus = () => this.focus();
    for (const label of labels) label?.addEventListener("click", focus);
    return () => labels.forEach((label) => label?.removeEventListener("click", focus));
  }
}

function words(given) {
  return given.split(/\s+/).filter(Boolean);
}
