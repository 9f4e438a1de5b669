/** Surveys dumps in a Worker of their own; giving up ends it, whatever it is doing. */
import type { Surveyor } from "./dump";
import workerUrl from "./engine.worker?worker&url";

export const surveyInWorker: Surveyor = (file, tell) => {
  const worker = new Worker(new URL(workerUrl, document.baseURI), { type: "module" });
  worker.onmessage = ({ data }) => {
    // A message that comes before the module listens is not kept.
    if (data === "ready") return worker.postMessage(file);
    tell(data);
    if (data.is !== "reading") worker.terminate();
  };
  worker.onerror = (event) => {
    const fault = { why: event.message, at: 0 };
    tell({ is: "failed", survey: null, fault });
    worker.terminate();
  };
  return () => worker.terminate();
};
