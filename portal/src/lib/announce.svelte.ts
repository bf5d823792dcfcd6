/** What has just happened, said once by the page's polite status region. */
class Announcer {
  text = $state('')

  say(text: string): void {
    // The same words twice are no change, and would not be read out.
    this.text = ''
    queueMicrotask(() => (this.text = text))
  }
}

export const announcer = new Announcer()
