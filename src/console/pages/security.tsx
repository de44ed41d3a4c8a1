import type { CredentialsBody, SecurityDriftBody, SecurityProbeBody } from '../../api/contract/index.ts'
import { systemClock } from '../../core/index.ts'
import { useApi } from '../client/hooks.ts'
import { useCaller, useOrder } from '../client/orders.ts'
import { Age } from '../parts/age.tsx'
import { type Level, Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Table } from '../parts/table.tsx'
import { commandOf } from '../words/command.ts'
import { count, duration, plural } from '../words/numbers.ts'
import { Drift } from './drift.tsx'

type Round = SecurityProbeBody['rounds'][number]
type Finding = Round['findings'][number]
type Credential = CredentialsBody['credentials'][number]

/** Looks at the ACLs of every region: seldom, and whoever wants it sooner loads the page again. */
const DRIFT_EVERY_MS = 60_000
const DRIFT_STALE_SECONDS = 150
const PROBES_EVERY_MS = 10_000
/** Probes begin once an hour where nothing else is configured. */
const PROBED_STALE_SECONDS = 2 * 3_600
/** Two weeks, as the alert has it. */
const ENDS_SOON_SECONDS = 14 * 86_400
const SEVERITIES: Readonly<Record<Finding['severity'], Level>> = {
  critical: 'bad',
  error: 'bad',
  warning: 'warning',
  info: 'note',
}

/** Who may do what in the regions and who does; what strangers see of the brokers; which credentials end. */
export function Security() {
  const drift = useApi<SecurityDriftBody>('/security/drift', DRIFT_EVERY_MS)
  const probes = useApi<SecurityProbeBody>('/security/findings', PROBES_EVERY_MS)
  const credentials = useApi<CredentialsBody>('/credentials', PROBES_EVERY_MS)
  return (
    <>
      <Panel
        title="Drift"
        shown={drift}
        staleSeconds={DRIFT_STALE_SECONDS}
        waiting="Looking at every region; one that is away is given up after some seconds."
        command={commandOf('security', 'drift')}
      >
        {drift.body !== undefined && <Drift body={drift.body} />}
      </Panel>
      <Panel title="Probes" shown={probes} staleSeconds={30} command={commandOf('security', 'probe')}>
        {probes.body !== undefined && <Probes rounds={probes.body.rounds} />}
        <ProbeNow />
      </Panel>
      <Panel title="Listeners, as a stranger sees them" shown={probes} staleSeconds={30}>
        {probes.body !== undefined && <Listeners rounds={probes.body.rounds} />}
      </Panel>
      <Panel
        title="Credentials of this process"
        shown={credentials}
        staleSeconds={30}
        command={commandOf('credentials')}
      >
        {credentials.body !== undefined && <Credentials body={credentials.body} />}
      </Panel>
    </>
  )
}

function Probes({ rounds }: { readonly rounds: readonly Round[] }) {
  const findings = rounds.flatMap((round) => round.findings)
  const [worst] = findings
  return (
    <>
      <p class="lead">
        {rounds.length === 0 ? (
          <Mark level="unknown">Nothing was probed yet</Mark>
        ) : worst === undefined ? (
          <Mark level="good">Nothing is wrong</Mark>
        ) : (
          <Mark level={SEVERITIES[worst.severity]}>{plural(findings.length, 'finding')}</Mark>
        )}
      </p>
      {rounds.length > 0 && (
        <ul>
          {rounds.map(({ region, at, declared }) => (
            <li key={region}>
              {region}: <ProbedAge at={at} />
              {declared ? '' : '; no policy says what it has to be like'}
            </li>
          ))}
        </ul>
      )}
      <Table
        caption="What the probes have found, the gravest first of each region"
        empty={rounds.length === 0 ? 'They begin once an hour, or now.' : 'None.'}
        rows={findings}
        keyOf={({ id, region, broker, listener }) => `${id} ${region} ${broker} ${listener}`}
        columns={[
          { title: 'Severity', cell: ({ severity }) => <Mark level={SEVERITIES[severity]}>{severity}</Mark> },
          { title: 'Where', cell: whereOf },
          {
            title: 'Finding',
            cell: ({ title, id }) => (
              <>
                <strong>{title}</strong> <code>{id}</code>
              </>
            ),
          },
          { title: 'Evidence', cell: ({ evidence }) => evidence },
          { title: 'Remedy', cell: ({ remedy }) => remedy },
        ]}
      />
    </>
  )
}

function whereOf({ region, broker, listener }: Finding): string {
  const parts = [region, broker === null ? '' : `broker ${broker}`, listener ?? '']
  return parts.filter((part) => part !== '').join(', ')
}

function ProbedAge({ at }: { readonly at: string }) {
  const seconds = Math.max(0, (systemClock.nowMs() - Date.parse(at)) / 1_000)
  return (
    <Age heardMs={systemClock.monotonicMs()} seconds={seconds} staleSeconds={PROBED_STALE_SECONDS} label="probed" />
  )
}

function ProbeNow() {
  const { refusal } = useCaller('operator')
  const order = useOrder<SecurityProbeBody>()
  const isOff = refusal !== undefined || order.isSending
  return (
    <>
      <p>
        <button
          type="button"
          aria-disabled={isOff}
          onClick={() => !isOff && void order.send({ path: '/security/probe', body: {} })}
        >
          {order.isSending ? 'Probing, which may take a minute' : 'Probe now; this changes nothing'}
        </button>
      </p>
      <p class="faint" role="status">
        {refusal ?? (order.answer === undefined ? '' : `${plural(order.answer.rounds.length, 'region')} probed.`)}
      </p>
      <ProblemNote problem={order.problem} />
    </>
  )
}

type Listener = Round['listeners'][number] & { readonly region: string; readonly at: string }

function Listeners({ rounds }: { readonly rounds: readonly Round[] }) {
  const rows: Listener[] = rounds.flatMap(({ region, at, listeners }) =>
    listeners.map((listener) => ({ ...listener, region, at })),
  )
  return (
    <Table
      caption="Listeners and what they speak"
      empty="None was probed yet."
      rows={rows}
      keyOf={({ region, broker, address, listener }) => `${region} ${broker} ${listener} ${address}`}
      columns={[
        { title: 'Region', cell: ({ region }) => region },
        { title: 'Broker', isNumber: true, cell: ({ broker }) => (broker === null ? 'any' : String(broker)) },
        { title: 'Listener', cell: ({ listener, address }) => `${listener}, ${address}` },
        { title: 'Speaks', cell: ({ speaks, tlsVersion }) => tlsVersion ?? speaks ?? 'unknown' },
        { title: 'Mechanisms', cell: ({ mechanisms }) => mechanisms.join(', ') || 'none' },
        { title: 'Certificate', cell: ({ certificateEnds }) => <CertificateEnd at={certificateEnds} /> },
        { title: 'Age', cell: ({ at }) => <ProbedAge at={at} /> },
      ]}
    />
  )
}

function CertificateEnd({ at }: { readonly at: string | null }) {
  if (at === null) return <>none</>
  return <EndMark seconds={(Date.parse(at) - systemClock.nowMs()) / 1_000} />
}

function EndMark({ seconds }: { readonly seconds: number }) {
  if (seconds <= 0) return <Mark level="bad">{`ended ${duration(-seconds)} ago`}</Mark>
  return <Mark level={seconds < ENDS_SOON_SECONDS ? 'warning' : 'good'}>{`ends in ${duration(seconds)}`}</Mark>
}

function Credentials({ body: { process, credentials } }: { readonly body: CredentialsBody }) {
  return (
    <>
      <p>What the process at the vantage point {process} has in use; other processes read files of their own.</p>
      <Table
        caption="Files of credentials, and which version of them counts"
        empty="This process uses no files of credentials."
        rows={credentials}
        keyOf={({ name }) => name}
        columns={[
          { title: 'For', cell: ({ name }) => <strong>{name}</strong> },
          { title: 'Certificate', cell: ({ expiresInSeconds }) => <Expiry seconds={expiresInSeconds} /> },
          { title: 'Version', cell: ({ version }) => <code>{version}</code> },
          { title: 'In use since', cell: ({ since }) => <SinceAge at={since} /> },
          { title: 'Exchanged', isNumber: true, cell: ({ changes }) => count(changes) },
          { title: 'Trouble', cell: troubleOf },
        ]}
      />
    </>
  )
}

function Expiry({ seconds }: { readonly seconds: number | null }) {
  return seconds === null ? <>none</> : <EndMark seconds={seconds} />
}

function SinceAge({ at }: { readonly at: string }) {
  const seconds = Math.max(0, (systemClock.nowMs() - Date.parse(at)) / 1_000)
  return <Age heardMs={systemClock.monotonicMs()} seconds={seconds} staleSeconds={Number.POSITIVE_INFINITY} label="" />
}

function troubleOf({ trouble, failures }: Credential) {
  if (trouble !== null) return <Mark level="bad">{trouble}</Mark>
  return failures === 0 ? 'none' : `none now; refused ${plural(failures, 'time')}`
}
