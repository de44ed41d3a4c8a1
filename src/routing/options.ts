import { Type } from 'typebox'
import { kubernetesKeys } from '../kubernetes/index.ts'
import { TSIG_ALGORITHMS } from './dns/tsig.ts'

/** What moves the clients of a failover group, in the configuration file. Types and the reference page come from here. */
const strict = <Properties extends Type.TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })

const program = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description,
      remedy: 'give the program, then each of its arguments',
    }),
  )

const url = (description: string) =>
  Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s/@?#]+(/[^\\s]*)?$',
      description,
      rule: 'not a URL of a receiver',
      remedy: 'write it like https://traffic.example/isthmus; a token belongs into tokenFile',
    }),
  )

const file = (description: string) =>
  Type.String({ minLength: 1, description: `${description} A relative path starts at the configuration file.` })

const servers = (description: string) =>
  Type.Optional(
    Type.Array(
      Type.String({
        pattern: '^(\\[[0-9a-fA-F:]+\\]|[^\\s:/\\[\\]]+):[0-9]{1,5}$',
        rule: 'not a host:port',
        remedy: 'write it like ns1.example:53',
      }),
      { minItems: 1, description },
    ),
  )

const webhookKeys = {
  url: url(
    'For `webhook`: takes a POST with JSON `action` (`switch`, `check`, `evict`), `group`, `operation`, `from` and `to` ' +
      '(regions), and an Idempotency-Key. 2xx is done; 408, 409, 423, 425, 429, 5xx and no answer are asked again; ' +
      'anything else stops the step.',
  ),
  caFile: Type.Optional(
    file(
      "For `webhook`: PEM file of the authorities that sign the receiver; read again when it changes. Default: the system's roots.",
    ),
  ),
  tokenFile: Type.Optional(file('For `webhook`: file with the bearer token; one line end at its end is ignored.')),
}

const timeoutSeconds = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 3_600,
    default: 60,
    description: 'For `command` and `webhook`: how long one program or request may take.',
  }),
)

const ENVIRONMENT =
  'Programs run without a shell, possibly more than once, with ISTHMUS_ACTION, ISTHMUS_GROUP, ISTHMUS_OPERATION, ' +
  'ISTHMUS_FROM and ISTHMUS_TO (regions) in their environment.'

const DnsKey = strict(
  {
    name: Type.String({ minLength: 1, description: 'Name of the key, as the servers have it.' }),
    algorithm: Type.Optional(
      Type.Enum([...TSIG_ALGORITHMS], { default: 'hmac-sha256', description: 'As the servers have it.' }),
    ),
    secretFile: file('File that holds the secret in base64, and nothing else.'),
  },
  'For `dns`: the TSIG key (RFC 8945) that updates are signed with. Make one with `tsig-keygen`.',
)

const DnsRecord = strict(
  {
    name: Type.String({ minLength: 1, description: 'Full name of the record, in the zone.' }),
    type: Type.Enum(['A', 'AAAA', 'CNAME'], { description: 'Its type.' }),
    values: Type.Record(Type.String(), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }), {
      description: 'By region, what it has while that region is active: addresses, or one name for `CNAME`.',
      remedy: 'write it like { us-east: [10.1.0.1], eu-west: [10.2.0.1] }',
    }),
  },
  'One record. All of a provider change in one update.',
)

export const DEFAULT_TTL_SECONDS = 30

const byRegion = <Value extends Type.TSchema>(value: Value, description: string, example: string) =>
  Type.Optional(Type.Record(Type.String(), value, { description, remedy: `write it like ${example}` }))

const Texts = Type.Record(Type.String(), Type.String({ minLength: 1 }), { minProperties: 1 })

/** A Service or a ConfigMap, and what it has by region. */
const switchedKeys = {
  service: Type.Optional(Type.String({ minLength: 1, description: 'For `kubernetes`: the Service that is changed.' })),
  selectors: byRegion(
    Texts,
    'For `service`, by region: the selector that it has while the region is active.',
    '{ us-east: { region: us-east } }',
  ),
  externalNames: byRegion(
    Type.String({ minLength: 1 }),
    'For `service` of type ExternalName, by region: the name that it has while the region is active.',
    '{ us-east: kafka.us.example }',
  ),
  configMap: Type.Optional(
    Type.String({ minLength: 1, description: 'For `kubernetes`: the ConfigMap that is changed.' }),
  ),
  data: byRegion(
    Texts,
    'For `configMap`, by region: keys, and the values that they have while the region is active. Other keys are left alone.',
    '{ us-east: { bootstrap.servers: "kafka.us.example:9092" } }',
  ),
}

const RoutingProviderOptions = strict(
  {
    kind: Type.Enum(['command', 'dns', 'kubernetes', 'webhook'], {
      description:
        'A program of the operator, dynamic DNS updates (RFC 2136), a Service or a ConfigMap, or a receiver of HTTP requests.',
    }),
    switch: program('For `command`: points clients at the region ISTHMUS_TO. Anything but exit code 0 stops the step.'),
    check: program(
      'For `command`: ends with 0 once clients are pointed at ISTHMUS_TO, and is asked until then. Default: `switch` is believed.',
    ),
    ...webhookKeys,
    checkUrl: url(
      'For `webhook`: takes the same with action `check`, and answers 2xx once clients are pointed at `to`; it is asked until then. Default: `url` is believed.',
    ),
    zone: Type.Optional(Type.String({ minLength: 1, description: 'For `dns`: the zone of the records.' })),
    primaries: servers(
      'For `dns`: name servers that take updates, as `host:port`; usually one. TCP. Each is updated, and asked.',
    ),
    secondaries: servers(
      'For `dns`: the other authoritative servers that have to give the new records before the step is done.',
    ),
    key: Type.Optional(DnsKey),
    ttlSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 86_400,
        default: DEFAULT_TTL_SECONDS,
        description: 'For `dns`: how long resolvers may keep the records once a move has written them.',
      }),
    ),
    records: Type.Optional(
      Type.Array(DnsRecord, {
        minItems: 1,
        description:
          'For `dns`: what is changed. A value that belongs to no region is never overwritten: the step stops and names it.',
      }),
    ),
    ...switchedKeys,
    ...kubernetesKeys,
    timeoutSeconds,
  },
  `One way by which clients find the active region. It is no fence. ISTHMUS_ACTION is \`switch\` or \`check\`. ${ENVIRONMENT}`,
)
export type RoutingProviderOptions = Type.Static<typeof RoutingProviderOptions>

/** Where the workloads and policies are. */
const evictionKeys = {
  networkPolicies: byRegion(
    Type.String({ minLength: 1 }),
    'For `networkPolicy`, by region: the NetworkPolicy that admits clients to its brokers. That of the new region is opened, that of the old one closed, by a label in its selector. Regions in other Kubernetes clusters belong into a provider of their own.',
    '{ us-east: kafka-clients }',
  ),
  namespace: Type.Optional({
    ...kubernetesKeys.namespace,
    description: 'For `rollout`: the namespace of the clients. For `networkPolicy`: that of the policies.',
  }),
  kubeconfig: kubernetesKeys.kubeconfig,
  context: kubernetesKeys.context,
}

const EvictionProviderOptions = strict(
  {
    kind: Type.Enum(['command', 'networkPolicy', 'rollout', 'webhook'], {
      description:
        'A program of the operator, NetworkPolicies that admit clients, a restart of the Deployments and StatefulSets that name the failover group in their annotation `isthmus.dev/failover-group` (several with commas), or a receiver of HTTP requests.',
    }),
    evict: program(
      'For `command`: moves clients off the region ISTHMUS_FROM, for example by restarting them or by closing its listener.',
    ),
    ...webhookKeys,
    ...evictionKeys,
    timeoutSeconds,
  },
  `One way by which clients leave the old region that are still connected to it. ISTHMUS_ACTION is \`evict\`. ${ENVIRONMENT}`,
)
export type EvictionProviderOptions = Type.Static<typeof EvictionProviderOptions>

const LIST_REMEDY = 'write a list: each provider begins with - kind:'

export const RoutingOptions = Type.Array(RoutingProviderOptions, {
  description:
    'How clients are pointed at the active region. One after the other, each once the one before it has been seen to work.',
  remedy: LIST_REMEDY,
})
export const EvictionOptions = Type.Array(EvictionProviderOptions, {
  description: 'How clients leave the old region, one after the other.',
  remedy: LIST_REMEDY,
})
