/** Surveys dumps in a Worker of their own; giving up ends it, whatever it is doing. */
import type { Surveyor } from "./dump";
import workerUrl from "./engine.worker?worker&url";
import swiftUrl from "./swift.worker?worker&url";

/** Of a file of this size, reading takes longer than fetching the engine that is built to be swift. */
const LARGE_BYTES = 16 << 20;

export const surveyInWorker: Surveyor = (file, tell) => {
  const url = file.size < LARGE_BYTES ? workerUrl : swiftUrl;
  const worker = new Worker(new URL(url, document.baseURI), { type: "module" });
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
