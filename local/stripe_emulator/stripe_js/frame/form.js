// Nested values as Stripe's API reads them: card[number]=…

export function encode(values) {
  const form = new URLSearchParams();
  add(form, values, "");
  return form;
}

function add(form, values, prefix) {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue;
    const key = prefix ? `${prefix}[${name}]` : name;
    if (typeof value === "object") add(form, value, key);
    else form.append(key, String(value));
  }
}
