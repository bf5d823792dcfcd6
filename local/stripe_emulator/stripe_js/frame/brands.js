// Card brands by their first digits, how long their numbers are, and how they are grouped.

const FOURS = [4, 4, 4, 4, 3];
const BRANDS = [
  { name: "amex", label: "American Express", first: /^3[47]/, lengths: [15], groups: [4, 6, 5], cvc: 4 },
  { name: "diners", label: "Diners Club", first: /^3(0[0-5]|[689])/, lengths: [14, 16], groups: [4, 6, 4, 2] },
  { name: "jcb", label: "JCB", first: /^35/, lengths: [16] },
  { name: "visa", label: "Visa", first: /^4/, lengths: [16] },
  { name: "mastercard", label: "Mastercard", first: /^(5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720))/, lengths: [16] },
  { name: "unionpay", label: "UnionPay", first: /^(62|81)/, lengths: [16, 17, 18, 19] },
  { name: "discover", label: "Discover", first: /^6(011|5|4[4-9])/, lengths: [16] },
];
const UNKNOWN = { name: "unknown", label: "Card", lengths: [16] };

export function brandOf(digits) {
  const found = BRANDS.find(({ first }) => first.test(digits)) ?? UNKNOWN;
  return { groups: FOURS, cvc: 3, ...found };
}

export function luhn(digits) {
  let sum = 0;
  [...digits].reverse().forEach((digit, place) => {
    const doubled = Number(digit) * (place % 2 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  });
  return sum % 10 === 0;
}
