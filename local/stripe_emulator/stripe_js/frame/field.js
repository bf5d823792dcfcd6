// One input: it writes what is typed as its kind is written, and knows how it stands.

import { MESSAGES } from "./fields.js";

export class Field {
  #shown = "";
  #told = false;

  constructor(kind, brand, changed) {
    this.kind = kind;
    this.brand = brand;
    this.value = "";
    this.input = document.createElement("input");
    Object.assign(this.input, {
      autocomplete: kind.autocomplete,
      inputMode: "numeric",
      name: kind.name,
      placeholder: kind.placeholder,
      spellcheck: false,
      type: "text",
    });
    this.input.setAttribute("aria-label", kind.label);
    this.input.setAttribute("aria-describedby", "problem");
    this.input.className = "empty";
    this.input.addEventListener("input", () => {
      this.#told = false;
      this.#take();
      changed(this);
    });
    this.input.addEventListener("blur", () => {
      this.#told = this.value !== "";
      changed(this);
    });
  }

  get complete() {
    return this.kind.complete(this.value, this.brand());
  }

  get full() {
    return this.kind.full(this.value, this.brand());
  }

  // What is wrong, as far as the customer is to be told: not while a number is being typed.
  get error() {
    const invalid = this.kind.invalid(this.value);
    const code = invalid ?? (this.#told && !this.complete ? this.kind.incomplete : null);
    return code && { code, message: MESSAGES[code], type: "validation_error" };
  }

  // Tell what is wrong even if nothing was typed: the form is being sent.
  insist() {
    this.#told = true;
  }

  clear() {
    this.#told = false;
    this.input.value = "";
    this.#take();
  }

  show() {
    const { error } = this;
    this.input.classList.toggle("empty", this.value === "");
    this.input.classList.toggle("complete", this.complete);
    this.input.classList.toggle("invalid", error !== null);
    this.input.setAttribute("aria-invalid", String(error !== null));
  }

  #take() {
    const typed = this.input.value;
    // The caret stays behind the same digit, however the spaces move.
    const before = typed.slice(0, this.input.selectionStart ?? typed.length).replace(/\D/g, "");
    const atEnd = this.input.selectionStart === typed.length;
    let value = this.kind.clean(typed, this.brand());
    const shortened = typed.length < this.#shown.length;
    if (shortened && atEnd && value === this.value) value = value.slice(0, -1);
    this.value = value;
    this.#shown = this.kind.write(value);
    this.input.value = this.#shown;
    if (!atEnd) this.#placeCaret(before.length);
  }

  #placeCaret(digits) {
    let place = 0;
    for (let seen = 0; seen < digits && place < this.#shown.length; place += 1) {
      if (/\d/.test(this.#shown[place])) seen += 1;
    }
    this.input.setSelectionRange(place, place);
  }
}
