import { defineConfig } from 'vite'

/** The console: into a folder that the API serves, under whatever path, with no script or style inside the page. */
export default defineConfig({
  root: 'src/console',
  base: './',
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
})
