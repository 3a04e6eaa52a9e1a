import { render } from "preact";
import { App } from "./App.tsx";

const host = document.getElementById("app")!;
host.textContent = "";
render(<App />, host);
