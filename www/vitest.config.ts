/** Unit tests know nothing of the page's build: they run without an engine. */
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { environment: "node" } });
