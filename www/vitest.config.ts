/** Unit tests know nothing of the page's build: they run without an engine. What ends in
 *  `.spec.ts` opens a browser, and belongs to Playwright. */
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { environment: "node", include: ["tests/unit/**/*.test.ts"] } });
