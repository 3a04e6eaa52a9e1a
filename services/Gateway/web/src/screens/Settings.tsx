import { useState } from "preact/hooks";
import { session, signOut } from "../api/session.ts";
import { Screen } from "../parts/Screen.tsx";
import { navigate } from "../router.ts";
import { setTheme, theme, type Theme } from "../state/theme.ts";

const choices: readonly (readonly [Theme, string])[] = [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]];

export function Settings() {
  const [chosen, setChosen] = useState(theme());
  const me = session()!.user;
  return (
    <Screen title="Settings" parent={`/u/${me.name}`}>
      <fieldset class="settings">
        <legend>Appearance</legend>
        <div class="segments">
          {choices.map(([value, label]) => (
            <label key={value}>
              <input
                type="radio" name="theme" value={value} checked={chosen === value}
                onChange={() => {
                  setTheme(value);
                  setChosen(value);
                }}
              />
              <span>{label}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <section class="settings" aria-label="Account">
        <h2>Account</h2>
        <p>Signed in as <strong>{me.name}</strong>.</p>
        <button
          type="button" class="button quiet"
          onClick={() => {
            signOut();
            navigate("/signin", { replace: true });
          }}
        >
          Sign out
        </button>
      </section>
      <p class="fine footnote"><a href="/licences.txt" target="_blank">Licences</a> of what this app is made of</p>
    </Screen>
  );
}
