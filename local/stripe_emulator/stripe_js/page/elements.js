// A group of Elements: what is typed into its members belongs together.

let groupsMade = 0;

class Elements {
  #group;
  #members = new Map();

  constructor() {
    groupsMade += 1;
    this.#group = `elements-${groupsMade}`;
  }

  create(type, options = {}) {
    if (!(type in FRAME_TITLES)) {
      throw new IntegrationError(
        `A valid Element name must be provided. Valid Elements here are: ${Object.keys(FRAME_TITLES).join(", ")}; you passed: ${type}.`,
      );
    }
    if (this.#members.has(type)) {
      throw new IntegrationError(`Can only create one Element of type ${type}.`);
    }
    const element = new Element(type, this.#group, options, () => this.#members.delete(type));
    this.#members.set(type, element);
    return element;
  }

  getElement(type) {
    return this.#members.get(type) ?? null;
  }

  update() {}
}
