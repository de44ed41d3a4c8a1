/**
 * The rooms of src/ and what each may import: the table of ARCHITECTURE.md as data. The layout test reads it, and the
 * import rules in .oxlintrc.json are made from it.
 */
interface RoomRule {
  /** Rooms whose face (`index.ts`) may be imported. */
  readonly imports: readonly string[]
  /** Of those, the rooms from which only types may come. */
  readonly typesOnly?: readonly string[]
}

const MOVERS = ['authority', 'security', 'regions', 'replication', 'routing', 'failover']

export const rooms: Readonly<Record<string, RoomRule>> = {
  core: { imports: [] },
  credentials: { imports: ['core'] },
  kafka: { imports: ['core'] },
  http: { imports: ['core'] },
  kubernetes: { imports: ['core', 'http'] },
  authority: { imports: ['core', 'http', 'kubernetes'] },
  security: { imports: ['core', 'kafka', 'kubernetes'] },
  regions: { imports: ['core', 'kafka'] },
  replication: { imports: ['core', 'kafka'] },
  routing: { imports: ['core', 'kubernetes'] },
  failover: { imports: ['core', 'authority', 'security', 'regions', 'replication', 'routing'] },
  canary: { imports: ['core', 'kafka', 'replication', 'failover'], typesOnly: ['failover'] },
  observability: { imports: ['core', 'credentials', ...MOVERS], typesOnly: ['credentials', ...MOVERS] },
  'api/contract': { imports: ['core'] },
  runbooks: { imports: ['core'] },
  api: { imports: ['core', 'credentials', 'observability', 'api/contract', 'runbooks', ...MOVERS] },
  cli: { imports: ['core', 'api/contract', 'runbooks'] },
  console: { imports: ['core', 'api/contract'] },
  local: { imports: ['core', 'kafka'] },
}

/** Files and folders beside the rooms: they compose rooms, and no room imports them. */
export const rootModules = [
  'main.ts',
  'app.ts',
  'demo',
  'memory-keeper.ts',
  'start-logging.ts',
  'serve-runbooks.ts',
  'tell-copies.ts',
  'least-rights.ts',
  'live-config.ts',
  'replicator-work.ts',
  'run-app.ts',
  'config.ts',
  'config',
  'controller',
]

/** Packages that belong to certain rooms (or to a folder of one). A package that is not listed may be used anywhere. */
export const packageHomes: Readonly<Record<string, readonly string[]>> = {
  kafkajs: ['kafka', 'local/workload'],
  '@platformatic/kafka': ['kafka'],
  '@node-rs/crc32': ['kafka'],
  '@kubernetes/client-node': ['kubernetes'],
  'node:sqlite': ['authority'],
  fastify: ['api'],
  jose: ['api'],
  '@fastify/*': ['api'],
  pino: ['observability'],
  'prom-client': ['observability'],
  'node-cron': ['failover'],
  testcontainers: ['local'],
  commander: ['cli'],
  preact: ['console'],
  uplot: ['console'],
}

/** What `core`, the vocabulary, must do without. */
export const ioBuiltins = ['child_process', 'cluster', 'dgram', 'dns', 'fs', 'http', 'http2', 'https', 'net', 'tls']

/** Everything that may stand at the top of the checkout. A new name needs a reason in ARCHITECTURE.md. */
export const topLevel = `
  src helm k8s runbooks test bin .ci .github
  package.json package-lock.json tsconfig.json vitest.config.ts vite.config.ts
  biome.json knip.json .oxlintrc.json .npmrc .gitignore .gitattributes .dockerignore
  Dockerfile docker-compose.multi.yml
  README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md SECURITY.md LICENSE NOTICE`
  .trim()
  .split(/\s+/)
