// The inside of an Element: its fields, and what the page is told about them.

import { brandOf } from "./brands.js";
import { facts, hear, say } from "./channel.js";
import { Field } from "./field.js";
import { FIELDS } from "./fields.js";
import { siblings } from "./siblings.js";
import { applyStyle } from "./style.js";

const form = document.querySelector("form");
const icon = document.querySelector(".icon");
const problem = document.querySelector("#problem");
const fields = FIELDS[facts.type].map((kind) => new Field(kind, brand, changed));
let options = {};
let lastEvent = "";
let focused = false;

function brand() {
  const digits = (element) => element.values().number;
  const own = fields.find(({ kind }) => kind.name === "cardnumber");
  return brandOf(own ? own.value : (siblings(facts.group).map(digits).find(Boolean) ?? ""));
}

function asked() {
  const hidden = options.hidePostalCode ? "postal" : "";
  return fields.filter(({ kind }) => kind.name !== hidden);
}

function changed(field) {
  report();
  if (document.activeElement === field.input && field.full && field.complete) next(field)?.focus();
}

function next(field) {
  const all = asked();
  return all[all.indexOf(field) + 1]?.input;
}

function report() {
  for (const field of fields) field.show();
  const all = asked();
  const error = all.map((field) => field.error).find(Boolean);
  const event = {
    empty: all.every(({ value }) => value === ""),
    complete: all.every(({ complete }) => complete),
    error: error ?? undefined,
    ...(facts.type === "card" && { value: { postalCode: typed("postal") } }),
    ...(["card", "cardNumber"].includes(facts.type) && { brand: brand().name }),
  };
  showBrand();
  problem.textContent = error?.message ?? "";
  const { empty, complete } = event;
  say({ type: "state", state: { empty, complete, invalid: Boolean(error), focus: focused } });
  const text = JSON.stringify(event);
  if (text !== lastEvent && lastEvent !== "") say({ type: "event", name: "change", event });
  lastEvent = text;
}

function showBrand() {
  const { name, label } = brand();
  icon.hidden = !(facts.type === "card" ? !options.hideIcon : options.showIcon);
  icon.dataset.brand = name;
  icon.textContent = name === "unknown" ? "" : label;
}

function typed(name) {
  return fields.find(({ kind }) => kind.name === name)?.value ?? "";
}

function apply(given) {
  options = given;
  applyStyle(given.style);
  for (const { input, kind } of fields) {
    input.disabled = Boolean(given.disabled);
    input.hidden = kind.name === "postal" && Boolean(given.hidePostalCode);
    if (facts.type !== "card") input.placeholder = given.placeholder ?? kind.placeholder;
  }
  const postal = fields.find(({ kind }) => kind.name === "postal");
  if (given.value?.postalCode && postal?.value === "") {
    postal.input.value = given.value.postalCode;
    postal.input.dispatchEvent(new Event("input"));
  }
  report();
}

// What the controller's frame takes: it is on the same origin, the page is not.
window.stripeElement = {
  group: facts.group,
  type: facts.type,
  values() {
    const expiry = typed("exp-date");
    return {
      number: typed("cardnumber"),
      exp_month: expiry.slice(0, 2),
      exp_year: expiry.slice(2),
      cvc: typed("cvc"),
      postal: typed("postal"),
    };
  },
  insist() {
    for (const field of asked()) field.insist();
    report();
    return asked().map((field) => field.error).find(Boolean) ?? null;
  },
};

form.className = facts.type;
form.append(...fields.map(({ input }) => input));
form.addEventListener("focusin", () => {
  if (focused) return;
  focused = true;
  report();
  say({ type: "event", name: "focus", event: {} });
});
form.addEventListener("focusout", (event) => {
  if (event.relatedTarget) return;
  focused = false;
  report();
  say({ type: "event", name: "blur", event: {} });
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Escape") say({ type: "event", name: "escape", event: {} });
  if (event.key === "Enter") {
    event.preventDefault();
    say({ type: "submit" });
  }
  const at = fields.findIndex(({ input }) => input === event.target);
  if (event.key === "Backspace" && event.target.value === "" && at > 0) fields[at - 1].input.focus();
});
hear({
  options: ({ options: given }) => apply(given),
  focus: () => (asked().find(({ complete }) => !complete) ?? fields[0]).input.focus(),
  blur: () => document.activeElement?.blur(),
  clear: () => {
    for (const field of fields) field.clear();
    report();
  },
});
new ResizeObserver(() => say({ type: "height", height: form.offsetHeight })).observe(form);
say({ type: "loaded" });
