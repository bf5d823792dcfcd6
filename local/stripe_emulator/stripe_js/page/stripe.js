// What a page sees: Stripe(publishableKey), with the methods for cards.

class StripeObject {
  #controller;
  #intents;

  constructor(key) {
    this.#controller = new Controller(key);
    this.#intents = new Intents(this.#controller);
  }

  elements() {
    return new Elements();
  }

  confirmCardPayment(clientSecret, data, options) {
    return this.#intents.confirmCard(PAYMENT, clientSecret, data, options);
  }

  confirmCardSetup(clientSecret, data, options) {
    return this.#intents.confirmCard(SETUP, clientSecret, data, options);
  }

  handleNextAction({ clientSecret }) {
    return this.#intents.handleNextAction(clientSecret);
  }

  handleCardAction(clientSecret) {
    return this.#intents.handleNextAction(clientSecret);
  }

  retrievePaymentIntent(clientSecret) {
    return this.#intents.retrieve(PAYMENT, clientSecret);
  }

  retrieveSetupIntent(clientSecret) {
    return this.#intents.retrieve(SETUP, clientSecret);
  }

  // createPaymentMethod({type, card, ...}), or as it was called earlier: ("card", element, others).
  async createPaymentMethod(first, element, others = {}) {
    const data = typeof first === "string" ? { ...others, card: element } : first;
    if (!data?.card) throw new IntegrationError("createPaymentMethod needs a `card`.");
    const { form, elements } = cardForm(data, []);
    const answer = await this.#controller.request("POST", "/v1/payment_methods", form, elements);
    return answer.error ? answer : { paymentMethod: answer.body };
  }

  // createToken("cvc_update", cardCvcElement), or createToken(cardElement, {name}).
  async createToken(first, second = {}) {
    if (first === "cvc_update") return createCvcToken(this.#controller, second);
    if (!(first instanceof Element)) {
      throw new IntegrationError("createToken takes an Element, or 'cvc_update' and an Element.");
    }
    const elements = { group: first.group, place: [], wants: "card" };
    const form = { card: second };
    const answer = await this.#controller.request("POST", "/v1/tokens", form, elements);
    return answer.error ? answer : { token: answer.body };
  }

  registerAppInfo() {}

  _registerWrapper() {}
}

function Stripe(key) {
  if (typeof key !== "string" || !key) {
    throw new IntegrationError("Missing value for Stripe(): apiKey should be a string.");
  }
  if (key.startsWith("sk_")) {
    throw new IntegrationError("Use the publishable key: the secret key has no place in a page.");
  }
  return new StripeObject(key);
}

// The release that @stripe/stripe-js asks for; it warns where this is another.
Stripe.version = "dahlia";
window.Stripe = Stripe;
