import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [svelte()],
  build: {
    // Nothing is inlined: the content security policy allows files of our own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // Small parts that most pages need come in one file rather than in twenty.
            { name: 'common', test: /portal\/src\//, minShareCount: 3 },
            { name: 'query', test: /node_modules\/(@tanstack|openapi-fetch)/ },
          ],
        },
      },
    },
  },
  // `npm run dev` beside a running stack.
  server: { proxy: { '/v1': process.env.BILLFOLD_URL ?? 'http://127.0.0.1:8080' } },
})
