// Confirming and following a PaymentIntent or a SetupIntent.

const PAYMENT = {
  name: "PaymentIntent",
  path: "/v1/payment_intents",
  result: "paymentIntent",
  lastError: "last_payment_error",
  inError: "payment_intent",
};
const SETUP = {
  name: "SetupIntent",
  path: "/v1/setup_intents",
  result: "setupIntent",
  lastError: "last_setup_error",
  inError: "setup_intent",
};

function kindOf(clientSecret) {
  return identifierIn(clientSecret).startsWith("seti_") ? SETUP : PAYMENT;
}

function identifierIn(clientSecret, kind = null) {
  const found = /^((?:pi|seti)_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/.exec(clientSecret);
  if (!found || (kind && kind !== kindOf(clientSecret))) {
    throw new IntegrationError(
      `Invalid value for client secret: it should be of the form \${id}_secret_\${secret}${kind ? ` of a ${kind.name}` : ""}.`,
    );
  }
  return found[1];
}

class Intents {
  #controller;

  constructor(controller) {
    this.#controller = controller;
  }

  async retrieve(kind, clientSecret) {
    const path = `${kind.path}/${identifierIn(clientSecret, kind)}`;
    const answer = await this.#controller.request("GET", path, { client_secret: clientSecret });
    return answer.error ? answer : { [kind.result]: answer.body };
  }

  async confirmCard(kind, clientSecret, data = {}, { handleActions = true } = {}) {
    const path = `${kind.path}/${identifierIn(clientSecret, kind)}/confirm`;
    const { form, elements, error } = await this.#form(data, clientSecret);
    if (error) return { error };
    if (handleActions || !form.return_url) form.use_stripe_sdk = true;
    const answer = await this.#controller.request("POST", path, form, elements);
    if (answer.error) return answer;
    if (handleActions && answer.body.status === "requires_action") {
      return this.#follow(kind, clientSecret, answer.body);
    }
    return { [kind.result]: answer.body };
  }

  async handleNextAction(clientSecret) {
    const kind = kindOf(clientSecret);
    const now = await this.retrieve(kind, clientSecret);
    if (now.error) return now;
    const intent = now[kind.result];
    if (intent.status !== "requires_action") {
      const message = `The ${kind.name} supplied is not in the requires_action state.`;
      const code = `${kind.inError}_unexpected_state`;
      return { error: { type: "invalid_request_error", code, message, [kind.inError]: intent } };
    }
    return this.#follow(kind, clientSecret, intent);
  }

  async #follow(kind, clientSecret, intent) {
    await takeBankStep(intent.next_action);
    const after = await this.retrieve(kind, clientSecret);
    const ended = after[kind.result];
    if (ended?.status !== "requires_payment_method") return after;
    return { error: { ...ended[kind.lastError], [kind.inError]: ended } };
  }

  async #form(data, clientSecret) {
    const { payment_method: method, payment_method_options: options, ...others } = data;
    const form = { ...others, client_secret: clientSecret };
    let elements = null;
    if (typeof method === "string") {
      form.payment_method = method;
    } else if (method?.card) {
      ({ form: form.payment_method_data, elements } = cardForm(method, ["payment_method_data"]));
    } else if (method) {
      throw new IntegrationError("payment_method must be an id or have a `card`.");
    }
    if (options) form.payment_method_options = options;
    const cvc = options?.card?.cvc;
    if (!(cvc instanceof Element)) return { form, elements };
    const token = await createCvcToken(this.#controller, cvc);
    if (token.error) return token;
    const { cvc: _, ...card } = options.card;
    form.payment_method_options = { ...options, card: { ...card, cvc_token: token.token.id } };
    return { form, elements };
  }
}

// The form of a card's PaymentMethod: its digits are put in by the frames, at `place`.
function cardForm({ card, ...others }, place) {
  const form = { ...others, type: "card" };
  if (!(card instanceof Element)) return { form: { ...form, card }, elements: null };
  return { form, elements: { group: card.group, place, wants: "card" } };
}

async function createCvcToken(controller, element) {
  if (element.type !== "cardCvc") {
    throw new IntegrationError("A cvc_update token is made from a cardCvc Element.");
  }
  const elements = { group: element.group, place: ["cvc_update"], wants: "cvc" };
  const answer = await controller.request("POST", "/v1/tokens", {}, elements);
  return answer.error ? answer : { token: answer.body };
}
