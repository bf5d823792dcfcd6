// Calls the API for the page, and puts in what only the Elements' frames know.

import { facts, hear, say } from "./channel.js";
import { encode } from "./form.js";
import { siblings } from "./siblings.js";

const UNREACHABLE = {
  type: "api_connection_error",
  message:
    "We are experiencing issues connecting to our payments provider. Please check your internet connection and try again.",
};

// Gives the form with the typed card in it, or the first thing that is wrong with it.
function withTyped(form, { group, place, wants }) {
  const members = siblings(group).filter(({ type }) => wants === "card" || type === "cardCvc");
  const error = members.map((element) => element.insist()).find(Boolean);
  if (error) return { error };
  const values = Object.assign({}, ...members.map((element) => filled(element.values())));
  const { postal, ...card } = values;
  const filledForm = structuredClone(form);
  let target = filledForm;
  for (const name of place) target = target[name] ??= {};
  if (wants === "cvc") {
    target.cvc = card.cvc;
    return { form: filledForm };
  }
  target.card = { ...target.card, ...card };
  if (postal && target.type) {
    target.billing_details ??= {};
    target.billing_details.address = { postal_code: postal, ...target.billing_details.address };
  }
  return { form: filledForm };
}

function filled(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
}

async function call({ method, path, form, elements }) {
  const typed = elements ? withTyped(form, elements) : { form };
  if (typed.error) return typed;
  const encoded = encode(typed.form);
  const query = method === "GET" ? `?${encoded}` : "";
  const init = { method, headers: { authorization: `Bearer ${facts.key}` } };
  if (method !== "GET") init.body = encoded;
  let response;
  try {
    response = await fetch(path + query, init);
  } catch (error) {
    if (error instanceof TypeError) return { error: UNREACHABLE };
    throw error;
  }
  const body = await response.json();
  return body.error ? { error: body.error } : { body };
}

hear({
  request: async (message) => say({ type: "answer", id: message.id, result: await call(message) }),
});
say({ type: "ready" });
