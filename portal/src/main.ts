import { mount } from 'svelte'
import App from './App.svelte'
import './styles/tokens.css'
import './styles/base.css'
import { loadConfig } from './lib/config'
import { m } from './lib/messages'
import { warm } from './lib/pages'
import { session } from './lib/session.svelte'

const target = document.getElementById('app')
if (!target) throw new Error('index.html has no #app')

warm(window.location.pathname, session.mayBeIn)
// A new tab, or a page loaded anew, may still have its cookie.
void session.refresh()
try {
  await loadConfig()
  mount(App, { target })
} catch (error) {
  target.textContent = m.unreachable
  throw error
}
