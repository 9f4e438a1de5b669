/**
 * The loader: all that the first picture waits for.
 *
 * The poster is in the document, so there is something to see before this runs. The page and the
 * engine do not need each other to be fetched: both are asked for at once.
 */
const page = import("./page");
const engine = import("./engine/wasm").then(({ loadEngine }) => loadEngine());

// Who opens a lab asks for the engine again, and is told why it cannot be had.
engine.catch(() => undefined);

page.catch((error: unknown) => {
  const note = document.createElement("p");
  note.setAttribute("role", "alert");
  note.textContent = `The page's script could not be fetched. / 페이지 스크립트를 불러오지 못했습니다. (${String(error)})`;
  document.querySelector("replica-lab")?.append(note);
});

export {};
