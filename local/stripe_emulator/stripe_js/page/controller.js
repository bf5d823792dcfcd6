// The hidden frame that calls the API, with what the Elements of its group hold.

class Controller {
  #frame;
  #ready;
  #calls = new Map();
  #callsMade = 0;

  constructor(key) {
    this.#frame = makeFrame("/js/controller.html", "Stripe controller frame", { key });
    this.#frame.tabIndex = -1;
    this.#frame.setAttribute("aria-hidden", "true");
    this.#frame.style.display = "none";
    this.#ready = new Promise((resolve) => {
      hear(this.#frame, (message) => {
        if (message.type === "ready") resolve();
        if (message.type === "answer") this.#answer(message);
      });
    });
    bodyReady().then(() => document.body.append(this.#frame));
  }

  // Sends a request; `elements` says where the typed card or CVC belongs in the form.
  async request(method, path, form, elements = null) {
    await this.#ready;
    this.#callsMade += 1;
    const id = this.#callsMade;
    const answer = new Promise((resolve) => this.#calls.set(id, resolve));
    tell(this.#frame, { type: "request", id, method, path, form, elements });
    return answer;
  }

  #answer({ id, result }) {
    this.#calls.get(id)?.(result);
    this.#calls.delete(id);
  }
}
