import { Type } from 'typebox'
import { ApiOptions } from '../api/index.ts'
import { kubernetesKeys } from '../kubernetes/index.ts'
import { NotificationOptions } from '../observability/index.ts'
import { HealthOptions } from '../regions/index.ts'
import {
  GroupSelection,
  LinkPolicies,
  LinkStart,
  LinkTraffic,
  LinkTransform,
  ReplicationOptions,
  TopicDeletions,
  TopicRename,
  TopicSelection,
} from '../replication/index.ts'
import { EvictionOptions, RoutingOptions } from '../routing/index.ts'
import { Drills } from './drill-options.ts'
import { FailoverOptions } from './failover-options.ts'
import { FenceOptions, GateOptions, principalSchema, SecurityOptions } from '../security/index.ts'

/**
 * The one definition of the configuration file: types, validation, messages and the reference page come from it.
 * `rule` and `remedy` word the error where a pattern alone would not; `secret` keeps a value out of every message.
 */
export const NAME_PATTERN = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'

/** Next to the configuration file. */
export const DEFAULT_AUTHORITY_PATH = 'isthmus.db'
export const DEFAULT_AUTHORITY_PREFIX = '/isthmus/'
export const DEFAULT_AUTHORITY_NAME = 'isthmus'
export const DEFAULT_LEASE_SECONDS = 10
export const DEFAULT_TAKEOVER_SECONDS = 35

export const DEFAULT_OUTAGE_HOURS = 24

const name = (description: string) =>
  Type.String({
    pattern: NAME_PATTERN,
    description,
    rule: 'not a valid name',
    remedy: 'use lower-case letters, digits and dashes, up to 63, with a letter or digit at both ends',
  })

const strict = <Properties extends Type.TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })

const file = (description: string) =>
  Type.String({ minLength: 1, description: `${description} A relative path starts at the configuration file.` })

const Address = Type.String({
  pattern: '^(\\[[0-9a-fA-F:]+\\]|[^\\s:/\\[\\]]+):[0-9]{1,5}$',
  rule: 'not a host:port',
  remedy: 'write it like kafka-0.example:9092',
})

/** Which files TLS takes. */
const tlsKeys = {
  caFile: Type.Optional(file("PEM file of the authorities that sign the servers. Default: the system's roots.")),
  certFile: Type.Optional(file('PEM file of the client certificate, where servers ask for one.')),
  keyFile: Type.Optional(file('PEM file of its private key.')),
  serverName: Type.Optional(
    Type.String({ minLength: 1, description: 'Name to expect in the certificate, where it is not the host.' }),
  ),
}

/** Where a password is. */
const passwordKeys = {
  passwordFile: Type.Optional(file('File that holds the password; one line end at its end is ignored.')),
  password: Type.Optional(
    Type.String({
      pattern: '^env:[A-Za-z_][A-Za-z0-9_]*$',
      description: 'Name of the environment variable that holds the password, as `env:NAME`.',
      secret: true,
      rule: 'a secret in the file itself is refused',
      remedy: 'use passwordFile, or env:NAME for the environment variable NAME',
    }),
  ),
}

const Tls = strict(tlsKeys, 'Present (even as `{}`) means that the region is reached with TLS.')

const TokenEndpoint = strict(
  {
    url: Type.String({
      pattern: '^https://[^\\s@]+$',
      description: 'Where it is.',
      rule: 'not an https address',
      remedy: 'write it like https://login.example/oauth2/token, without a user',
    }),
    clientId: Type.String({ minLength: 1, description: 'Who Isthmus is there.' }),
    clientSecretFile: file('File that holds the secret of the client; one line end at its end is ignored.'),
    scope: Type.Optional(Type.String({ minLength: 1, description: 'Scopes to ask for, with spaces between them.' })),
    caFile: Type.Optional(file("PEM file of the authorities that sign it. Default: the system's roots.")),
  },
  'Gives tokens by the OAuth 2 grant of client credentials. One is asked for well before the last one ends.',
)

const Sasl = strict(
  {
    mechanism: Type.Enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'], { description: 'How to log in.' }),
    username: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'The principal of Isthmus in this region. With `oauthbearer`, the one that brokers read from the token, if that is told.',
      }),
    ),
    ...passwordKeys,
    tokenFile: Type.Optional(
      file(
        'For `oauthbearer`: file that holds the token, which something else keeps fresh; it is read with each change.',
      ),
    ),
    tokenEndpoint: Type.Optional(TokenEndpoint),
    allowPlaintext: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Lets `plain` and `oauthbearer` log in without TLS: whoever is on the way can read the password or the token.',
      }),
    ),
  },
  'Login by SASL. Passwords by exactly one of `passwordFile` and `password`, tokens by one of `tokenFile` and `tokenEndpoint`.',
)

const Authority = strict(
  {
    kind: Type.Optional(
      Type.Enum(['sqlite', 'etcd', 'kubernetes'], {
        default: 'sqlite',
        description:
          'Where it is stored: in a file of this machine; in an etcd cluster, which should have members in at least three sites; or in custom resources (`k8s/crds`) of a Kubernetes cluster, which should stand outside of the regions it decides over.',
      }),
    ),
    path: Type.Optional(
      Type.String({
        minLength: 1,
        default: DEFAULT_AUTHORITY_PATH,
        description: 'The file, for `sqlite`. On a local disk. A relative path starts at the configuration file.',
      }),
    ),
    endpoints: Type.Optional(
      Type.Array(
        Type.String({
          pattern: '^https?://(\\[[0-9a-fA-F:]+\\]|[^\\s:/@\\[\\]]+):[0-9]{1,5}$',
          rule: 'not the address of an etcd member',
          remedy: 'write it like https://etcd-0.example:2379',
        }),
        { minItems: 1, description: 'Client addresses of the members of one etcd cluster, for `etcd`.' },
      ),
    ),
    prefix: Type.Optional(
      Type.String({
        pattern: '^/([A-Za-z0-9._-]+/)+$',
        default: DEFAULT_AUTHORITY_PREFIX,
        description: 'What every key starts with, for `etcd`. Each installation needs its own.',
        rule: 'not a prefix',
        remedy: 'write it like /isthmus/',
      }),
    ),
    tls: Type.Optional(strict(tlsKeys, 'How `https` endpoints of `etcd` are reached.')),
    login: Type.Optional(
      strict(
        {
          username: Type.String({ minLength: 1, description: 'The etcd user of Isthmus.' }),
          ...passwordKeys,
        },
        'Login as a user of etcd, which needs read and write on the prefix. Exactly one of `passwordFile` and `password`. The HTTP gateway of etcd, which Isthmus uses, does not take a client certificate for a login, and with logins switched on refuses certificates that have a common name.',
      ),
    ),
    name: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
        default: DEFAULT_AUTHORITY_NAME,
        description: 'Name of its object, for `kubernetes`. Each installation in a namespace needs its own.',
        rule: 'not a valid name',
        remedy: 'use lower-case letters, digits and dashes, up to 63, with a letter or digit at both ends',
      }),
    ),
    ...kubernetesKeys,
    leaseSeconds: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: 300,
        default: DEFAULT_LEASE_SECONDS,
        description: 'After how many seconds without a sign of life another controller takes the lead.',
      }),
    ),
    takeoverSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 300,
        default: DEFAULT_TAKEOVER_SECONDS,
        description:
          'How long a controller that has taken the lead from a silent one waits before it acts: for so long, something that the silent one has sent may come into force. A call whose answer was lost is waited for as long.',
      }),
    ),
  },
  'Where it is kept which region of a failover group is active. The same for all controllers.',
)

const Canary = strict(
  {
    principal: Type.Optional(
      principalSchema(
        'As the brokers name it. Default: `User:` and the username of `sasl`; with a client certificate it has to be given.',
      ),
    ),
    bootstrap: Type.Optional(
      Type.Array(Address, {
        minItems: 1,
        description: 'Where it has a listener of its own. Default: that of the region.',
      }),
    ),
    tls: Type.Optional(
      strict(
        {
          certFile: file('PEM file of the client certificate.'),
          keyFile: file('PEM file of its private key.'),
        },
        'Its own client certificate. Authorities and server name are those of the region.',
      ),
    ),
    sasl: Type.Optional(Sasl),
  },
  'Credentials of an ordinary principal that may write to the topics of the failover groups, as their applications may, ' +
    'and is no super user. A fence is proved by its writes being refused; none of them can ever be stored. Canary drills ' +
    'write and read as it: for them it needs READ, WRITE and DESCRIBE on topics, and READ on groups, that begin with ' +
    '`isthmus.canary.`.',
)

const Region = strict(
  {
    name: name('Unique name of the region.'),
    bootstrap: Type.Array(Address, {
      minItems: 1,
      description: 'Brokers to ask first, as `host:port`.',
      remedy: 'give at least one host:port',
    }),
    tls: Type.Optional(Tls),
    sasl: Type.Optional(Sasl),
    canary: Type.Optional(Canary),
    fence: Type.Optional(FenceOptions),
    gate: Type.Optional(GateOptions),
  },
  'One Kafka cluster.',
)

const FailoverGroup = strict(
  {
    name: name('Unique name of the group.'),
    regions: Type.Array(Type.String(), {
      minItems: 2,
      description:
        'Names of its regions, ranked. The first is active until the group is moved; a link named ' +
        '`<group>-<active>-to-<standby>` is made to each other one.',
      remedy: 'name the active region first, then at least one standby',
    }),
    topics: TopicSelection,
    consumerGroups: Type.Optional(GroupSelection),
    start: Type.Optional(LinkStart),
    policies: Type.Optional(LinkPolicies),
    traffic: Type.Optional(LinkTraffic),
    deletions: Type.Optional(TopicDeletions),
    transform: Type.Optional(LinkTransform),
    objectives: Type.Optional(
      strict(
        {
          rpoSeconds: Type.Optional(
            Type.Integer({ minimum: 0, description: 'How many seconds of records a failover may lose.' }),
          ),
          outageHours: Type.Optional(
            Type.Number({
              minimum: 0,
              default: DEFAULT_OUTAGE_HOURS,
              description:
                'How many hours a standby may be away and still find every record at its source: `isthmus doctor` tells ' +
                'topics that keep less.',
            }),
          ),
          rtoSeconds: Type.Optional(
            Type.Integer({ minimum: 1, description: 'How many seconds a move of the group may take.' }),
          ),
        },
        'What is promised to the users of the group.',
      ),
    ),
    failover: Type.Optional(FailoverOptions),
    routing: Type.Optional(RoutingOptions),
    eviction: Type.Optional(EvictionOptions),
    drills: Type.Optional(Drills),
    canary: Type.Optional(
      Type.Boolean({
        description:
          'Whether drills of the level `canary` can be ordered. They move a failover group of their own, ' +
          '`<group>-canary`, with the topics and consumer groups that begin with `isthmus.canary.<group>.`, which no other ' +
          'selection takes, whatever it includes. Default: whether such a drill is scheduled.',
      }),
    ),
  },
  'Topics and consumer groups with one active region. Consumer groups default to all.',
)

const Link = strict(
  {
    name: name('Unique name of the link.'),
    source: Type.String({ description: 'Name of the region that is copied from.' }),
    target: Type.String({ description: 'Name of the region that is copied to.' }),
    topics: TopicSelection,
    consumerGroups: Type.Optional(GroupSelection),
    rename: Type.Optional(TopicRename),
    start: Type.Optional(LinkStart),
    policies: Type.Optional(LinkPolicies),
    traffic: Type.Optional(LinkTraffic),
    deletions: Type.Optional(TopicDeletions),
    transform: Type.Optional(LinkTransform),
  },
  'A copy outside of failover groups, such as an aggregation or a migration. Consumer groups default to none.',
)

export const ConfigSchema = strict(
  {
    apiVersion: Type.Enum(['isthmus/v1'], {
      description: 'Version of the file format.',
      remedy: 'write apiVersion: isthmus/v1',
    }),
    regions: Type.Array(Region, {
      minItems: 1,
      description: 'The Kafka clusters.',
      remedy: 'describe at least one region',
    }),
    failoverGroups: Type.Optional(Type.Array(FailoverGroup, { description: 'What moves between regions as a whole.' })),
    links: Type.Optional(Type.Array(Link, { description: 'Copies that no failover group implies.' })),
    authority: Type.Optional(Authority),
    kubernetes: Type.Optional(
      strict(
        kubernetesKeys,
        'Present (even as `{}`) means that the controller that leads shows failover groups as FailoverGroup objects, and takes moves and drills from FailoverOperation objects (`k8s/crds`). Installations in one cluster need a namespace each.',
      ),
    ),
    replication: Type.Optional(ReplicationOptions),
    health: Type.Optional(HealthOptions),
    notifications: Type.Optional(Type.Array(NotificationOptions, { description: 'Who is told of events.' })),
    api: Type.Optional(ApiOptions),
    security: Type.Optional(SecurityOptions),
  },
  'The configuration of Isthmus: one YAML file. Unknown keys are refused.',
)
export type ConfigFile = Type.Static<typeof ConfigSchema>

/** Keys that the design of Isthmus names and this version does not have yet, by the last part of their path. */
export const LATER_KEYS: ReadonlySet<string> = new Set(['fence', 'agents', 'verification'])
