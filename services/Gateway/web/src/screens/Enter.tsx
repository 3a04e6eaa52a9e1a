import { useEffect, useRef, useState } from "preact/hooks";
import { requestId } from "../api/client.ts";
import { faultOf, type Fault } from "../api/errors.ts";
import { signIn, signUp } from "../api/session.ts";
import { here, navigate } from "../router.ts";

/** Sign in, or up. Whoever came for a certain page is there when he is in. */
export function Enter() {
  const { path } = here();
  const joining = path === "/signup";
  const [fault, setFault] = useState<Fault | null>(null);
  const [busy, setBusy] = useState(false);
  const request = useRef(requestId());
  useEffect(() => {
    document.title = joining ? "Sign up · InstaGrpc" : "Sign in · InstaGrpc";
    setFault(null);
  }, [joining]);

  const submit = async (form: HTMLFormElement) => {
    const values = new FormData(form);
    const value = (name: string) => String(values.get(name) ?? "");
    setBusy(true);
    setFault(null);
    try {
      const name = value("name").trim().toLowerCase();
      if (joining) await signUp(name, value("display_name").trim(), value("password"), request.current);
      else await signIn(name, value("password"));
      if (path === "/signup" || path === "/signin") navigate("/", { replace: true });
    } catch (reason) {
      const found = faultOf(reason);
      setFault(found);
      // Another try is another wish, unless nobody knows what became of this one.
      if (found.kind === "refused") request.current = requestId();
      const [field] = found.fields.keys();
      form.querySelector<HTMLInputElement>(`[name="${field ?? "name"}"]`)?.focus();
    } finally {
      setBusy(false);
    }
  };

  return (
    <main id="main" class="enter">
      <div class="enter-card">
        <img src="/icon.svg" alt="" width={56} height={56} />
        <h1>InstaGrpc</h1>
        <p class="tagline">Photos from the people you follow.</p>
        <form
          key={joining ? "up" : "in"}
          onSubmit={(event) => {
            event.preventDefault();
            if (!busy) void submit(event.currentTarget);
          }}
        >
          <Field name="name" label="Name" fault={fault} autoComplete="username" autoCapitalize="none" spellcheck={false} required maxLength={30} pattern="[A-Za-z0-9._]{1,30}"
            hint={joining ? "Letters, digits, dots and underscores" : undefined} />
          {joining && <Field name="display_name" label="Full name" fault={fault} autoComplete="name" maxLength={60} />}
          <Field name="password" label="Password" fault={fault} type="password" autoComplete={joining ? "new-password" : "current-password"} required
            minLength={joining ? 8 : 1} maxLength={200} hint={joining ? "8 characters or more" : undefined} />
          {fault && fault.fields.size === 0 && <p class="form-fault" role="alert">{fault.message}</p>}
          <button class="button wide" aria-busy={busy}>{busy ? "One moment…" : joining ? "Sign up" : "Sign in"}</button>
        </form>
        <p class="other">
          {joining ? <>Have an account? <a href="/signin">Sign in</a></> : <>New here? <a href="/signup">Sign up</a></>}
        </p>
      </div>
    </main>
  );
}

function Field({ name, label, hint, fault, ...rest }: { name: string; label: string; hint?: string | undefined; fault: Fault | null } & Record<string, unknown>) {
  const said = fault?.fields.get(name) ?? hint;
  const wrong = fault?.fields.has(name) ?? false;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input id={name} name={name} aria-invalid={wrong} aria-describedby={said ? `${name}-said` : undefined} {...rest} />
      {said && <p class={wrong ? "field-fault" : "fine"} id={`${name}-said`} role={wrong ? "alert" : undefined}>{said}</p>}
    </div>
  );
}
