import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['labextension/tests/**/*.test.{ts,tsx}'],
    environment: 'jsdom',
    setupFiles: ['labextension/tests/setup.ts'],
    // JupyterLab's packages are written for bundlers (imports without file endings, css): vitest has to transform them.
    server: { deps: { inline: [/@jupyterlab/, /@jupyter\//, /@lumino/] } }
  }
});
