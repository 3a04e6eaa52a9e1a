// The app's sources as Node can run them: Vite reads the TypeScript.

import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));

export async function load(path) {
  return (await runnerImport(`${root}src/${path}`, { root, configFile: false, logLevel: "error" })).module;
}
