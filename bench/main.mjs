/** `npm run bench [-- NAME ...]`: prints ratios against a reference measured in the same run. Speed is looked at here and asserted nowhere. */
const BENCHES = {
  storage: async () => (await import('./storage.mjs')).benchStorage(),
  http: async () => (await import('./http.mjs')).benchHttp(),
  start: async () => (await import('./start.mjs')).benchStart(),
  watch: async () => (await import('./watch.mjs')).benchWatch(),
  size: async () => (await import('./size.mjs')).benchSize(),
  noop: async () => (await import('./noop-claims.mjs')).benchNoopClaims(),
  hub: async () => (await import('./hub.mjs')).benchHub(),
  claims: async () => (await import('./claims.mjs')).benchClaims(),
  doors: async () => (await import('./doors.mjs')).benchDoors(),
  aws: async () => (await import('./aws.mjs')).benchAws(),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in BENCHES))
if (unknown.length > 0) {
  console.error(`bench: there is no ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) await BENCHES[name]()
