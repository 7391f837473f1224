import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { precompress } from './vite/precompress';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env.AUTHX_SERVER ?? 'http://localhost:8000';

export default defineConfig({
  base: '/',
  plugins: [react(), precompress()],
  resolve: { alias: { '@': at('./src') } },
  build: {
    target: 'es2022',
    // Inlined assets would be data: URLs, which the content security policy refuses for fonts.
    assetsInlineLimit: 0,
    // The API viewer is one prebuilt file of 1.7 MB, loaded by /docs alone.
    chunkSizeWarningLimit: 1800,
    rollupOptions: {
      input: { app: at('./index.html'), docs: at('./docs/index.html') },
    },
  },
  server: {
    proxy: {
      '/v1': server,
      '/openapi.json': server,
      '/ws': { target: server, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['./src/testing/setup.ts'],
    restoreMocks: true,
    unstubGlobals: true,
    testTimeout: 20_000,
  },
});
