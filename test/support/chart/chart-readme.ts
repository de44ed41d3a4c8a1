import { type ChartValue, renderValues } from './values-page.ts'

const HEAD = `# Isthmus for Kubernetes

Multi-region replication and disaster recovery for Apache Kafka: controllers that decide, replicators that copy, and agents
that stand in a region. This page is made from \`values.yaml\` (\`UPDATE=1 npx vitest run --project tidy\` writes it anew); a
test compares them.

\`\`\`sh
docker build -t registry.example/isthmus:0.1.0 . && docker push registry.example/isthmus:0.1.0
helm install isthmus helm/isthmus --namespace kafka --set image.repository=registry.example/isthmus -f my-values.yaml
helm test isthmus --namespace kafka
\`\`\`

## One installation for each cluster

Install it beside each Kafka cluster, with the same \`config\` and another \`region\`: so there is a controller in every
region, each copy is made near its target, and an agent stands in each region. All controllers need one authority that
falls with no region, such as etcd with members at three sites, or the custom resources of a Kubernetes cluster at a third
one (\`kubernetes.authority\`, and in the other clusters \`config.authority\` with a \`kubeconfig\`).
[k8s/examples](../../k8s/examples) has two regions.

\`\`\`yaml
region: eu-west
existingSecrets: [kafka-eu-west, kafka-us-east]     # mounted below /etc/isthmus/secrets
api:
  anonymous: none
  tokens: [{ name: ada, role: operator, existingSecret: isthmus-tokens, key: ada }]
agent: { enabled: true }
config:
  regions:
    - name: eu-west
      bootstrap: ["kafka.eu.example:9093"]
      tls: { caFile: /etc/isthmus/secrets/kafka-eu-west/ca.crt }
      sasl: { mechanism: scram-sha-512, username: isthmus, passwordFile: /etc/isthmus/secrets/kafka-eu-west/password }
    - name: us-east
      bootstrap: ["kafka.us.example:9093"]
      tls: { caFile: /etc/isthmus/secrets/kafka-us-east/ca.crt }
      sasl: { mechanism: scram-sha-512, username: isthmus, passwordFile: /etc/isthmus/secrets/kafka-us-east/password }
  failoverGroups:
    - { name: orders, regions: [eu-west, us-east], topics: { include: ["orders.*"] } }
  authority: { kind: etcd, endpoints: ["https://etcd.example:2379"] }
\`\`\`

No secret stands in a value: passwords, certificates and the hashes of tokens are files of Secrets that you make.

## Custom resources and rights

With \`kubernetes.objects\`, \`kubectl get failovergroups\` shows what is active, and a move is asked for by creating a
\`FailoverOperation\`: see [k8s/crds](../../k8s/crds/README.md). The definitions are part of the chart. Helm installs them
once and never touches them again: after an upgrade, \`kubectl apply -f helm/isthmus/crds\`; where somebody else installs
them, \`--skip-crds\`.

The Role has the rules of [files/rbac-rules.yaml](files/rbac-rules.yaml) that the configuration uses, in the namespaces where
it uses them: one object of the authority, named Services, ConfigMaps and NetworkPolicies, no wildcard, no Secret. A pod has a
token of the service account only where its role speaks to the API server.

## Changes, upgrades, rolling back

\`helm upgrade\` with another \`config\` changes the ConfigMap. Links, notifications and most of what a failover group says
count as soon as the pods see it, within a minute or two, without a restart. For all else the pods have the annotation
\`isthmus/restart-checksum\`, made of just those keys, so that they are rolled one by one. With \`existingConfigMap\` nothing
rolls them: \`isthmus status\` says where a restart is needed.

Upgrade by one version after the other. A move that runs is finished by the next controller; one that waits for a person
is better ended before. \`helm rollback\` goes back to the version before, which reads what the newer one has written.
\`helm uninstall\` leaves the regions as they are: copies stay, fences stay up, and the authority keeps what is active. A
later installation goes on from there. Custom resources stay, and with them an authority that is kept there.

A process that ends with exit code 5 has lost its work to one that does not share, and Kubernetes starts it again: give
every replicator of a target \`replication.shareWork\` as it is by default.

## Values

`

/** The chart's README. */
export function renderChartReadme(values: readonly ChartValue[]): string {
  return `${HEAD}${renderValues(values)}\n`
}
