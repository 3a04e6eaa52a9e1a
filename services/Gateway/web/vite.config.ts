import { defineConfig } from "vite";

// `npm run dev` serves the sources with what it cannot serve itself passed on to a running mesh.
const mesh = process.env["INSTA_WEB"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../wwwroot",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index.html", "ops.html"] },
  },
  server: {
    // As the mesh's own page: it answers pages of other origins only where it is told to.
    proxy: Object.fromEntries(
      ["/insta.app.v1.AppService", "/media", "/upload", "/ops/state.json", "/metrics"].map(
        (path) => [path, { target: mesh, changeOrigin: true, headers: { origin: mesh } }],
      ),
    ),
  },
});
