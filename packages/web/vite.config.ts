import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** One page, below `/portal/` of the server. No inline script or style: the server's Content-Security-Policy has none. */
export default defineConfig({
  base: '/portal/',
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
