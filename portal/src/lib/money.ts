// ISO 4217, as in the API's own rules (domain/money.py): Intl follows another list for some.
const WITHOUT_DECIMALS = new Set(
  'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' '),
)
const WITH_THREE = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '))

/** Decimals of a currency: 2 for USD, 0 for JPY, 3 for KWD. */
export function exponent(currency: string): number {
  if (WITHOUT_DECIMALS.has(currency)) return 0
  return WITH_THREE.has(currency) ? 3 : 2
}

/** Write an amount of minor units for a person: 12050 USD is "$120.50". */
export function money(amount: number, currency: string, locale?: string): string {
  const digits = exponent(currency)
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(amount / 10 ** digits)
}
