interface ImportMetaEnv {
  /** Where the API is, when it is not `/v1` of the page's own origin. */
  readonly VITE_API_URL?: string;
}
