import { render } from "preact";
import { Ops } from "./Ops.tsx";

render(<Ops />, document.getElementById("ops")!);
