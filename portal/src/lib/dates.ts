/** Write a day such as 2026-11-23; it is a day, not a moment, so no time zone moves it. */
export function day(date: string, locale?: string): string {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
  return format.format(new Date(`${date}T00:00:00Z`))
}

/** Write a moment in the reader's own time. */
export function moment(at: string, locale?: string): string {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return format.format(new Date(at))
}

/** Write a card's expiry as it is printed: 04/27. */
export function expiry(month: number, year: number): string {
  return `${String(month).padStart(2, '0')}/${String(year % 100).padStart(2, '0')}`
}
