import { render } from "preact";

/** Asks once more. The browser's own dialog keeps the focus inside and gives it back. */
export function confirmed(question: string, consequence: string, action: string): Promise<boolean> {
  return new Promise((resolve) => {
    const host = document.body.appendChild(document.createElement("div"));
    render(
      <dialog
        class="confirm"
        aria-labelledby="confirm-question"
        ref={(dialog: HTMLDialogElement | null) => {
          if (dialog && !dialog.open) dialog.showModal();
        }}
        onClose={(event) => {
          resolve(event.currentTarget.returnValue === "yes");
          render(null, host);
          host.remove();
        }}
      >
        <form method="dialog">
          <h2 id="confirm-question">{question}</h2>
          <p>{consequence}</p>
          <div class="confirm-buttons">
            <button class="button quiet" value="no">Cancel</button>
            <button class="button danger" value="yes">{action}</button>
          </div>
        </form>
      </dialog>,
      host,
    );
  });
}
