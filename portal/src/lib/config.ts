/** What a business changes about its portal: `/config.json`, beside the pages. */
export interface Config {
  name: string
  logo: string
  colors: { accent: string; accent_dark: string }
  support: { email: string | null; url: string | null }
  /** `script` is where Stripe.js comes from, where that is not Stripe. */
  stripe: { publishable_key: string; script: string | null }
}

export let config: Config

/** Read the configuration and show the business's colours and icon. */
export async function loadConfig(): Promise<void> {
  const answer = await fetch('/config.json')
  if (!answer.ok) throw new Error(`/config.json: ${answer.status}`)
  config = (await answer.json()) as Config
  const root = document.documentElement.style
  root.setProperty('--accent-light', config.colors.accent)
  root.setProperty('--accent-dark', config.colors.accent_dark)
  document.querySelector('link[rel=icon]')?.setAttribute('href', config.logo)
}
