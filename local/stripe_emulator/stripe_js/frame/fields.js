// The fields of a card: how each is written, and what is wrong with it.

import { brandOf, luhn } from "./brands.js";

const digitsOf = (text) => text.replace(/\D/g, "");

export const MESSAGES = {
  incomplete_number: "Your card number is incomplete.",
  invalid_number: "Your card number is invalid.",
  incomplete_expiry: "Your card's expiration date is incomplete.",
  invalid_expiry_month_past: "Your card's expiration date is in the past.",
  invalid_expiry_year_past: "Your card's expiration year is in the past.",
  incomplete_cvc: "Your card's security code is incomplete.",
  incomplete_zip: "Your postal code is incomplete.",
};

const number = {
  name: "cardnumber",
  label: "Credit or debit card number",
  autocomplete: "cc-number",
  placeholder: "1234 1234 1234 1234",
  incomplete: "incomplete_number",
  clean: (text) => {
    const digits = digitsOf(text);
    return digits.slice(0, Math.max(...brandOf(digits).lengths));
  },
  write: (digits) => {
    const groups = [];
    let from = 0;
    for (const length of brandOf(digits).groups) {
      if (from < digits.length) groups.push(digits.slice(from, from + length));
      from += length;
    }
    return groups.join(" ");
  },
  complete: (digits) => brandOf(digits).lengths.includes(digits.length) && luhn(digits),
  invalid: (digits) => {
    const { lengths } = brandOf(digits);
    const full = digits.length === Math.max(...lengths);
    return full && !luhn(digits) ? "invalid_number" : null;
  },
  // A number that may still grow does not send the customer on.
  full: (digits) => digits.length === Math.max(...brandOf(digits).lengths),
};

const expiry = {
  name: "exp-date",
  label: "Credit or debit card expiration date",
  autocomplete: "cc-exp",
  placeholder: "MM / YY",
  incomplete: "incomplete_expiry",
  clean: (text) => {
    const [, month, year] = /^\s*(\d{1,2})\s*\/\s*(?:20)?(\d{2})\s*$/.exec(text) ?? [];
    if (month) return month.padStart(2, "0") + year;
    const digits = digitsOf(text);
    if (/^[2-9]/.test(digits)) return `0${digits}`.slice(0, 4);
    // "1/" is January, and there is no month 13: that was January, then the year.
    if (/^1\s*\//.test(text) || /^1[3-9]/.test(digits)) return `0${digits}`.slice(0, 4);
    return digits.slice(0, 4);
  },
  write: (digits) =>
    digits.length < 2 ? digits : `${digits.slice(0, 2)} / ${digits.slice(2)}`,
  complete: (digits) => digits.length === 4 && !expiry.invalid(digits),
  invalid: (digits) => {
    if (digits.length < 4) return null;
    const today = new Date();
    const [month, year] = [Number(digits.slice(0, 2)), 2000 + Number(digits.slice(2))];
    if (year < today.getFullYear()) return "invalid_expiry_year_past";
    const past = year === today.getFullYear() && month < today.getMonth() + 1;
    return past || month === 0 ? "invalid_expiry_month_past" : null;
  },
  full: (digits) => digits.length === 4,
};

const cvc = {
  name: "cvc",
  label: "Credit or debit card CVC/CVV",
  autocomplete: "cc-csc",
  placeholder: "CVC",
  incomplete: "incomplete_cvc",
  clean: (text, brand) => digitsOf(text).slice(0, brand.name === "unknown" ? 4 : brand.cvc),
  write: (digits) => digits,
  complete: (digits, brand) => digits.length >= brand.cvc,
  invalid: () => null,
  full: (digits, brand) => digits.length === brand.cvc,
};

// The documented test cards are American, and their form asks for a ZIP.
const postal = {
  name: "postal",
  label: "ZIP",
  autocomplete: "billing postal-code",
  placeholder: "ZIP",
  incomplete: "incomplete_zip",
  clean: (text) => digitsOf(text).slice(0, 5),
  write: (digits) => digits,
  complete: (digits) => digits.length === 5,
  invalid: () => null,
  full: (digits) => digits.length === 5,
};

export const FIELDS = {
  card: [number, expiry, cvc, postal],
  cardNumber: [number],
  cardExpiry: [expiry],
  cardCvc: [cvc],
};
