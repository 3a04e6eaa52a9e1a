import { readFileSync, existsSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

// `npm run dev` serves the sources with what it cannot serve itself passed on to a running mesh.
const mesh = process.env["INSTA_WEB"] ?? "http://127.0.0.1:8080";

// What others wrote goes out in the bundle: their licences go with it.
const licences: Plugin = {
  name: "licences",
  generateBundle() {
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    const texts = Object.keys(dependencies).map((name) => {
      const { license, version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
      const file = `node_modules/${name}/LICENSE`;
      return `${name} ${version}, ${license}\n${existsSync(file) ? `\n${readFileSync(file, "utf8").trim()}\n` : ""}`;
    });
    this.emitFile({ type: "asset", fileName: "licences.txt", source: texts.join("\n--\n\n") });
  },
};

export default defineConfig({
  plugins: [licences],
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
