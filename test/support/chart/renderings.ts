/** Values that the chart is rendered with, as `--values` takes them. */
export interface Rendering {
  readonly name: string
  readonly values: object
}

const config = {
  regions: [
    {
      name: 'eu',
      bootstrap: ['kafka.eu:9093'],
      tls: {},
      canary: {
        bootstrap: ['kafka.eu:9094'],
        sasl: { mechanism: 'plain', username: 'canary', password: 'env:CANARY', allowPlaintext: true },
      },
    },
    { name: 'us', bootstrap: ['kafka.us:9095'] },
  ],
  failoverGroups: [{ name: 'orders', regions: ['eu', 'us'], topics: { include: ['orders.*'] } }],
  links: [{ name: 'weather', source: 'eu', target: 'us', topics: { include: ['weather'] } }],
  authority: { kind: 'etcd', endpoints: ['https://etcd:2379'] },
}
/** Everything in the cluster itself: the authority, objects, a Service, a ConfigMap, workloads, also of another namespace. */
const { authority: _, ...unstored } = config
const moved = {
  ...unstored,
  failoverGroups: [
    {
      ...config.failoverGroups[0],
      routing: [
        { kind: 'kubernetes', service: 'kafka', selectors: { eu: { region: 'eu' }, us: { region: 'us' } } },
        {
          kind: 'kubernetes',
          configMap: 'clients',
          namespace: 'default',
          data: { eu: { at: 'a:1' }, us: { at: 'b:1' } },
        },
      ],
      eviction: [{ kind: 'rollout', namespace: 'default' }],
    },
  ],
}
/** An authority in another cluster, for which no rights are needed in this one. */
const elsewhere = { ...config, authority: { kind: 'kubernetes', kubeconfig: '/etc/isthmus/secrets/third/kubeconfig' } }
/** The gate of a region, and policies of both. */
const gated = {
  ...config,
  regions: [{ ...config.regions[0], gate: { networkPolicy: 'clients', namespace: 'default' } }, config.regions[1]],
  failoverGroups: [
    { ...config.failoverGroups[0], eviction: [{ kind: 'networkPolicy', networkPolicies: { eu: 'a', us: 'b' } }] },
  ],
}
const tls = { api: { tls: { enabled: true, existingSecret: 'api-tls' } } }
const certificate = { enabled: true, issuerRef: { name: 'internal' }, dnsNames: ['isthmus.example'] }
const everywhere = {
  extraArgs: [],
  extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca.pem' }],
  extraEnvFrom: [{ secretRef: { name: 'env' } }],
  extraVolumes: [{ name: 'more', emptyDir: {} }],
  extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
  podAnnotations: { a: 'b' },
  podLabels: { team: 'kafka' },
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'kafka', operator: 'Exists' }],
  affinity: { podAntiAffinity: {} },
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { a: 'b' } } },
  ],
  priorityClassName: 'high',
}

/** Everything that can be switched on at once. */
const full = {
  nameOverride: 'moves',
  commonLabels: { owner: 'platform' },
  commonAnnotations: { note: 'internal' },
  image: { repository: 'registry.example/isthmus', digest: `sha256:${'0'.repeat(64)}` },
  imagePullSecrets: [{ name: 'pull' }],
  config,
  region: 'eu',
  existingSecrets: ['kafka-eu', 'kafka-us'],
  api: {
    anonymous: 'none',
    tokens: [{ name: 'ada', role: 'operator', existingSecret: 'tokens', key: 'ada' }],
    extra: { limits: { readsPerSecond: 50 } },
    tls: { enabled: true },
  },
  certificate,
  controller: everywhere,
  replicator: { ...everywhere, autoscaling: { enabled: true } },
  agent: { ...everywhere, enabled: true, replicas: 2, podDisruptionBudget: { enabled: true } },
  runtimeClassName: 'gvisor',
  hostAliases: [{ ip: '10.0.0.1', hostnames: ['kafka.eu'] }],
  service: { annotations: { a: 'b' } },
  serviceAccount: { name: 'mover', annotations: { a: 'b' } },
  rbac: {
    extraRules: [{ apiGroups: [''], resources: ['services'], verbs: ['get', 'patch'], resourceNames: ['orders'] }],
  },
  networkPolicy: {
    enabled: true,
    ingressFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
    extraPorts: [9093, 443],
    extraEgress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
  },
  serviceMonitor: {
    enabled: true,
    labels: { release: 'prometheus' },
    authorization: { existingSecret: 'tokens' },
    tlsConfig: { serverName: 'x' },
  },
  prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
  dashboards: { enabled: true, annotations: { folder: 'Kafka' } },
  test: { online: true },
  extraObjects: [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more', namespace: '{{ .Release.Namespace }}' } },
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Release.Name }}-text" }\n',
  ],
}

/** The defaults, everything, and each switch by itself. */
export const RENDERINGS: readonly Rendering[] = [
  { name: 'default', values: {} },
  { name: 'full', values: full },
  { name: 'groups', values: { config, region: 'eu' } },
  { name: 'no-controller', values: { controller: { enabled: false } } },
  { name: 'no-replicator', values: { replicator: { enabled: false } } },
  { name: 'agent', values: { config, region: 'us', agent: { enabled: true } } },
  { name: 'gate', values: { config: gated, region: 'eu', agent: { enabled: true } } },
  { name: 'autoscaling', values: { replicator: { autoscaling: { enabled: true, minReplicas: 3 } } } },
  {
    name: 'no-budgets',
    values: {
      controller: { podDisruptionBudget: { enabled: false } },
      replicator: { podDisruptionBudget: { enabled: false } },
    },
  },
  { name: 'budget-share', values: { replicator: { podDisruptionBudget: { maxUnavailable: '50%' } } } },
  { name: 'tls', values: tls },
  { name: 'certificate', values: { api: { tls: { enabled: true } }, certificate } },
  { name: 'tokens', values: { api: full.api.tokens[0] && { anonymous: 'none', tokens: full.api.tokens } } },
  { name: 'config-map', values: { existingConfigMap: 'mine', api: { anonymous: 'none' } } },
  { name: 'no-service-account', values: { serviceAccount: { create: false } } },
  {
    name: 'other-service-account',
    values: { serviceAccount: { create: false, name: 'mine' }, rbac: { create: false } },
  },
  { name: 'kubernetes', values: { config: moved, kubernetes: { authority: true, objects: true } } },
  { name: 'objects', values: { config, kubernetes: { objects: true }, agent: { enabled: true }, region: 'eu' } },
  { name: 'elsewhere', values: { config: elsewhere, networkPolicy: { enabled: true } } },
  { name: 'rules', values: { rbac: full.rbac } },
  { name: 'network-policy', values: { config, networkPolicy: { enabled: true } } },
  { name: 'service-monitor', values: { serviceMonitor: { enabled: true } } },
  { name: 'prometheus-rule', values: { prometheusRule: { enabled: true } } },
  { name: 'dashboards', values: { dashboards: { enabled: true } } },
  { name: 'load-balancer', values: { service: { type: 'LoadBalancer' } } },
  { name: 'names', values: { fullnameOverride: 'a-name-that-is-as-long-as-somebody-may-come-to-choose-it' } },
  { name: 'digest', values: { image: { digest: `sha256:${'1'.repeat(64)}` } } },
]

/** Values that have to be refused before anything is installed, with what is said. */
export const MISTAKES: readonly (Rendering & { readonly says: string })[] = [
  { name: 'unknown value', values: { replicas: 3 }, says: 'replicas' },
  { name: 'unknown key', values: { controller: { replica: 3 } }, says: 'replica' },
  { name: 'wrong type', values: { controller: { replicas: 'two' } }, says: 'replicas' },
  { name: 'misspelt configuration', values: { config: { ...config, regoins: [] } }, says: 'regoins' },
  {
    name: 'secret in the configuration',
    values: {
      config: {
        regions: [{ name: 'eu', bootstrap: ['a:1'], sasl: { mechanism: 'plain', username: 'x', password: 'secret' } }],
      },
    },
    says: 'password',
  },
  { name: 'agent nowhere', values: { agent: { enabled: true } }, says: 'agent.enabled needs region' },
  {
    name: 'sqlite for many',
    values: { config: { ...config, authority: { kind: 'sqlite' } } },
    says: 'needs an authority that all pods reach',
  },
  {
    name: 'two authorities',
    values: { config, kubernetes: { authority: true } },
    says: 'kubernetes.authority contradicts config.authority.kind',
  },
  { name: 'no certificate', values: { api: { tls: { enabled: true } } }, says: 'api.tls.existingSecret' },
  { name: 'certificate for nothing', values: { certificate }, says: 'certificate.enabled needs api.tls.enabled' },
  {
    name: 'no issuer',
    values: { api: { tls: { enabled: true } }, certificate: { enabled: true } },
    says: 'issuerRef.name',
  },
  { name: 'nobody may do anything', values: { api: { anonymous: 'none' } }, says: 'nobody could use the API' },
]

/** The configuration of the `groups` rendering, changed so that pods stay, and so that they roll. */
export const CHANGES = {
  running: { config, region: 'eu' },
  safe: {
    config: {
      ...config,
      failoverGroups: [
        {
          ...config.failoverGroups[0],
          topics: { include: ['*'], exclude: ['weather', 'rain'] },
          objectives: { rpoSeconds: 9 },
          drills: [{ name: 'weekly', cron: '0 6 * * 2', level: 'preflight' }],
        },
      ],
      links: [{ ...config.links[0], name: 'rain', topics: { include: ['rain'] } }],
      notifications: [{ name: 'pager', url: 'https://pager.example' }],
    },
    region: 'eu',
  },
  restart: { config: { ...config, replication: { bufferMb: 128 } }, region: 'eu' },
  canary: {
    config: {
      ...config,
      failoverGroups: [
        { ...config.failoverGroups[0], drills: [{ name: 'weekly', cron: '0 6 * * 2', level: 'canary' }] },
      ],
    },
    region: 'eu',
  },
}
