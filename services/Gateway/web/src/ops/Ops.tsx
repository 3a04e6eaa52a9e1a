import type { ComponentChildren } from "preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { History } from "./history.ts";
import { quantile, total, type CachedMethod, type State } from "./state.ts";
import { bytes, duration, milliseconds, percent, rate } from "./units.ts";

const everyMs = 2_000;
const mostMethods = 12;

export function Ops() {
  const history = useRef(new History()).current;
  const [fault, setFault] = useState<string | null>(null);
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const run = new AbortController();
    const ask = async () => {
      try {
        const answer = await fetch("/ops/state.json", { signal: AbortSignal.any([run.signal, AbortSignal.timeout(10_000)]), cache: "no-store" });
        if (!answer.ok) throw new Error(`/ops/state.json answers ${answer.status}`);
        history.add((await answer.json()) as State);
        setFault(null);
        draw(0);
      } catch (reason) {
        if (!run.signal.aborted) setFault(reason instanceof Error ? reason.message : String(reason));
      }
      if (!run.signal.aborted) timer = setTimeout(turn, everyMs);
    };
    // A hidden page asks nothing.
    const turn = () => void (document.hidden ? (timer = setTimeout(turn, everyMs)) : ask());
    let timer = setTimeout(turn, 0);
    return () => {
      run.abort();
      clearTimeout(timer);
    };
  }, []);
  const state = history.now;
  const ready = state?.processes.filter((process) => process.health === "ready").length ?? 0;
  const whole = state !== null && fault === null && ready === state.processes.length;
  return (
    <>
      <header class="ops-top">
        <img src="/icon.svg" alt="" width={28} height={28} />
        <h1>Operations</h1>
        <p class={whole ? "state good" : "state bad"} role="status">
          {fault ?? (state === null ? "Loading…" : whole ? "All processes are ready" : `${ready} of ${state.processes.length} processes are ready`)}
        </p>
        <nav aria-label="Elsewhere"><a href="/metrics">Metrics</a><a href="/">App</a></nav>
      </header>
      <main class="ops">
        {state && (
          <>
            <p class="window">{history.seconds === 0 ? "Rates and times since the start" : `Rates and times of the last ${Math.round(history.seconds)} s`}</p>
            <Processes state={state} />
            <Caches state={state} history={history} />
            <Streams state={state} history={history} />
            <Methods state={state} history={history} />
          </>
        )}
      </main>
    </>
  );
}

function Panel({ title, children }: { title: string; children: ComponentChildren }) {
  const id = title.toLowerCase().replaceAll(" ", "-");
  return <section class="panel" aria-labelledby={id}><h2 id={id}>{title}</h2><div class="scroll" tabIndex={0} role="region" aria-labelledby={id}>{children}</div></section>;
}

function Processes({ state }: { state: State }) {
  return (
    <Panel title="Roles">
      <table>
        <thead><tr><th scope="col">Process</th><th scope="col">Roles</th><th scope="col">Health</th><th scope="col" class="number">Up</th><th scope="col" class="number">Memory</th></tr></thead>
        <tbody>
          {state.processes.map((process) => (
            <tr key={process.name}>
              <th scope="row">{process.name}</th>
              <td><span class="roles">{process.roles.map((role) => <code key={role}>{role}</code>)}</span></td>
              <td><span class={process.health === "ready" ? "state good" : "state bad"}>{process.health}</span>{process.detail && <small>{process.detail}</small>}</td>
              <td class="number">{duration(process.uptimeSeconds)}</td>
              <td class="number">{bytes(process.memoryBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

const levels = [["l1", "in the process"], ["memcached", "memcached"], ["stale", "stale"], ["filled", "filled"], ["uncached", "uncached"]] as const;

const hits = (cache: CachedMethod): number => cache.l1 + cache.memcached + cache.stale;
const reads = (cache: CachedMethod): number => hits(cache) + cache.filled + cache.uncached;

function Caches({ state, history }: { state: State; history: History }) {
  const rows = state.caches
    .map((all) => {
      const recent = history.cache(all);
      return { ...recent, reads: reads(recent), hits: percent(hits(recent), reads(recent)), ever: percent(hits(all), reads(all)), all: reads(all) };
    })
    .sort((left, right) => right.reads - left.reads || right.all - left.all);
  return (
    <Panel title="Cache hit rates">
      <ul class="legend">{levels.map(([level, label]) => <li key={level}><i class={level} />{label}</li>)}</ul>
      <table>
        <thead><tr><th scope="col">Method</th><th scope="col" class="number">Reads</th><th scope="col" class="number">Hits</th><th scope="col" class="number">Since the start</th><th scope="col" class="bars">By level</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.method}>
              <th scope="row">{shortName(row.method)}</th>
              <td class="number">{rate(row.reads, history.seconds)}</td>
              <td class="number strong">{row.hits}</td>
              <td class="number">{row.ever}</td>
              <td class="bars">
                <span class="bar">{row.reads > 0 && levels.map(([level]) => <i key={level} class={level} style={{ flexGrow: String(row[level]) }} />)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="nothing">Nothing was read yet.</p>}
    </Panel>
  );
}

function Streams({ state, history }: { state: State; history: History }) {
  return (
    <Panel title="Change streams">
      <table>
        <thead>
          <tr>
            <th scope="col">Node</th><th scope="col">Stream</th><th scope="col" class="number">Lag</th><th scope="col" class="number">Records</th>
            <th scope="col" class="number">Published after (p99)</th><th scope="col" class="number">Derived after (p99)</th><th scope="col" class="number">Failures</th>
          </tr>
        </thead>
        <tbody>
          {state.streams.map((stream) => {
            const before = (of: State) => of.streams.find((other) => other.node === stream.node);
            return (
              <tr key={stream.node}>
                <th scope="row">{stream.node}</th>
                <td><span class={stream.streaming ? "state good" : "state bad"}>{stream.streaming ? "streaming" : "stopped"}</span></td>
                <td class="number strong">{bytes(stream.lagBytes)}</td>
                <td class="number">{rate(history.counter(stream.records, (of) => before(of)?.records), history.seconds)}</td>
                <td class="number">{milliseconds(quantile(history.histogram(stream.delay, (of) => before(of)?.delay), 0.99))}</td>
                <td class="number">{milliseconds(quantile(history.histogram(stream.projectorDelay, (of) => before(of)?.projectorDelay), 0.99))}</td>
                <td class="number">{history.counter(stream.failures, (of) => before(of)?.failures)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}

function Methods({ state, history }: { state: State; history: History }) {
  const rows = state.methods
    .map((method) => {
      const before = (of: State) => of.methods.find((other) => other.method === method.method);
      const recent = history.histogram(method.duration, (of) => before(of)?.duration);
      return {
        method: method.method,
        calls: total(recent),
        errors: history.counter(method.errors, (of) => before(of)?.errors),
        p50: quantile(recent, 0.5),
        p99: quantile(recent, 0.99),
      };
    })
    .filter((row) => row.calls > 0)
    .sort((left, right) => (right.p99 ?? 0) - (left.p99 ?? 0))
    .slice(0, mostMethods);
  const slowest = rows[0]?.p99 ?? 1;
  return (
    <Panel title="Slowest methods">
      <table>
        <thead>
          <tr>
            <th scope="col">Method</th><th scope="col" class="number">Calls</th><th scope="col" class="number">Errors</th><th scope="col" class="number">p50</th>
            <th scope="col" class="number">p99</th><th scope="col" class="bars"><span class="visually-hidden">p99 beside the slowest</span></th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.method}>
              <th scope="row">{shortName(row.method)}</th>
              <td class="number">{rate(row.calls, history.seconds)}</td>
              <td class={row.errors > 0 ? "number wrong" : "number"}>{percent(row.errors, row.calls)}</td>
              <td class="number">{milliseconds(row.p50)}</td>
              <td class="number strong">{milliseconds(row.p99)}</td>
              <td class="bars"><span class="bar thin"><i class="slow" style={{ width: `${((row.p99 ?? 0) / slowest) * 100}%` }} /></span></td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="nothing">Nothing was called in this time.</p>}
    </Panel>
  );
}

/** insta.media.v1.MediaService/GetMedia -> Media/GetMedia */
const shortName = (method: string): string => method.replace(/^.*?([A-Z]\w*?)(?:Service)?\/(\w+)$/, "$1/$2");
