import { explain } from './problem'

/** Something that a button does, once at a time; what goes wrong is kept to be shown. */
export class Task {
  busy = $state(false)
  wrong = $state<string | null>(null)

  /** Do it, unless it is being done; tell whether it was done. */
  async run(act: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false
    this.busy = true
    this.wrong = null
    try {
      await act()
      return true
    } catch (error) {
      this.wrong = explain(error)
      return false
    } finally {
      this.busy = false
    }
  }
}
