// A mistake of the page's author: thrown, never shown to a customer.

class IntegrationError extends Error {
  constructor(message) {
    super(message);
    this.name = "IntegrationError";
  }
}
