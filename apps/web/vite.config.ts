import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { serverSources } from './server-sources.ts';

// The gateway serves the page under a policy without any `unsafe-*`: everything the page loads is
// a file of its own, nothing is inlined into the HTML or turned into a data: URL.
const gateway = { target: 'http://127.0.0.1:3000' };

export default defineConfig({
  plugins: [svelte(), serverSources()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    proxy: { '/api': gateway, '/healthz': gateway, '/ws': { ...gateway, ws: true } },
  },
});
