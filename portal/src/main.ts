import { mount } from 'svelte'
import App from './App.svelte'
import './styles/tokens.css'
import './styles/base.css'
import { loadConfig } from './lib/config'

const target = document.getElementById('app')
if (!target) throw new Error('index.html has no #app')

await loadConfig()
mount(App, { target })
