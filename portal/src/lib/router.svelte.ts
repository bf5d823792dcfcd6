/**
 * Where one is: the path and the query of the address bar. A link is an ordinary `<a href>`; a
 * click on one of our own changes the page without loading it anew.
 */
class Location {
  path = $state(window.location.pathname)
  query = $state.raw(new URLSearchParams(window.location.search))

  constructor() {
    window.addEventListener('popstate', () => this.#read())
    document.addEventListener('click', (event) => this.#follow(event))
  }

  /** Go to an address of the portal. */
  go(to: string, { replace = false } = {}): void {
    if (replace) history.replaceState(null, '', to)
    else history.pushState(null, '', to)
    const moved = window.location.pathname !== this.path
    this.#read()
    if (moved) window.scrollTo(0, 0)
  }

  /** Change the query alone; null takes a part of it away. */
  ask(parts: Record<string, string | null>, { replace = false } = {}): void {
    this.go(this.asked(parts), { replace })
  }

  /** Give the address of this page with another query. */
  asked(parts: Record<string, string | null>): string {
    const query = new URLSearchParams(this.query)
    for (const [name, value] of Object.entries(parts)) {
      if (value === null) query.delete(name)
      else query.set(name, value)
    }
    const text = query.toString()
    return text ? `${this.path}?${text}` : this.path
  }

  #read(): void {
    this.path = window.location.pathname
    this.query = new URLSearchParams(window.location.search)
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = (event.target as Element).closest('a')
    if (!link || link.target || link.origin !== window.location.origin) return
    // A jump within the page, as of the skip link, is the browser's own.
    if (link.getAttribute('href')?.startsWith('#') || link.hasAttribute('download')) return
    event.preventDefault()
    this.go(link.pathname + link.search)
  }
}

export const here = new Location()

/** Only an address of our own is gone back to: `next` comes from the address bar. */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : '/'
}
