import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [svelte()],
  build: {
    // Nothing is inlined: the content security policy allows files of our own only.
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    target: 'es2023',
  },
  // `npm run dev` beside a running stack.
  server: { proxy: { '/v1': process.env.BILLFOLD_URL ?? 'http://127.0.0.1:8080' } },
})
