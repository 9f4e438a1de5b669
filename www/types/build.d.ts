/** What the build writes into the page: see `vite.config.ts`. */
interface ImportMetaEnv {
  readonly VITE_VERSION?: string;
  readonly VITE_COMMIT?: string;
}
