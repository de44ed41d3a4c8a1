import { describeError } from '../../src/core/index.ts'
import type { OperationBody } from '../../src/api/contract/index.ts'
import { type DnsAlgorithm, RoutingScene } from '../support/routing-trial/scene.ts'
import type { Trial, TrialContext } from '../support/trial.ts'

/**
 * Moves of a group whose clients are pointed at its regions by a webhook, then by dynamic updates on two primaries of
 * BIND, and evicted by another webhook. Every name server is asked by the system's resolver, not by Isthmus.
 */
interface Case {
  readonly name: string
  /** What was not as it has to be. */
  run(scene: RoutingScene, tally: Tally): Promise<string[]>
}

interface Tally {
  moves: number
  answers: number
  stale: number
}

const CASES: readonly Case[] = [
  {
    name: 'up',
    async run(scene, tally) {
      const before = scene.receiver.received.length
      const [from, to] = [scene.active, scene.standby]
      const problems = await moveAll(scene, tally)
      const got = scene.receiver.received.slice(before).map(({ action, from, to }) => `${action} ${from} ${to}`)
      const wanted = [`switch ${from} ${to}`, `evict ${from} ${to}`]
      return [...problems, ...expecting(got.join() === wanted.join(), `the receiver got ${got.join()}`)]
    },
  },
  {
    name: 'slow',
    async run(scene, tally) {
      const before = scene.receiver.received.length
      scene.receiver.replies.push('reset', { status: 503, body: 'busy' }, { status: 202, afterMs: 3_500 })
      const problems = await moveAll(scene, tally)
      const orders = scene.receiver.received.slice(before).filter(({ action }) => action === 'switch')
      const keys = new Set(orders.map(({ key }) => key))
      return [
        ...problems,
        ...expecting(orders.length === 3, `${orders.length} orders instead of 3`),
        ...expecting(keys.size === 1 && !keys.has(undefined), `keys ${[...keys].join()}`),
      ]
    },
  },
  {
    name: 'down before the move',
    async run(scene) {
      await scene.second.stop()
      const server = await scene.objection()
      await scene.second.startAgain()
      await scene.receiver.close()
      const receiver = await scene.objection()
      await scene.receiver.open()
      return [
        ...expecting(server?.includes(`${scene.second.address} does not answer`), `a server is down: ${server}`),
        ...expecting(receiver?.includes(`${scene.receiver.url}/switch does not answer`), `no receiver: ${receiver}`),
      ]
    },
  },
  {
    name: 'wrong key before the move',
    async run(scene) {
      await scene.second.startAgain({ secret: Buffer.from('another').toString('base64') })
      const secret = await scene.objection()
      await scene.second.startAgain({ name: 'other' })
      const name = await scene.objection()
      await scene.second.startAgain()
      return [
        ...expecting(secret?.includes('BADSIG') && secret.includes('secretFile'), `another secret: ${secret}`),
        ...expecting(name?.includes('BADKEY') && name.includes('under exactly this name'), `another name: ${name}`),
      ]
    },
  },
  {
    name: 'half applied',
    async run(scene, tally) {
      const problems = await moveWithFault(scene, {
        tally,
        begin: async () => scene.second.freeze(),
        end: async () => scene.second.wake(),
        judge: ({ stop, to }) => [
          ...expecting(
            stop?.reason.includes(`${scene.second.address} does not answer`),
            `the silent one: ${stop?.reason}`,
          ),
          ...expecting(stop?.reason.includes(`${scene.first.address} points at ${to}`), `the other: ${stop?.reason}`),
        ],
      })
      return problems
    },
  },
  {
    name: 'wrong key in the move',
    async run(scene, tally) {
      return await moveWithFault(scene, {
        tally,
        begin: () => scene.second.startAgain({ secret: Buffer.from('another').toString('base64') }),
        end: () => scene.second.startAgain(),
        judge: ({ stop }) =>
          expecting(stop?.fault?.code === 'ROUTING_DNS_KEY_WRONG', `the key: ${JSON.stringify(stop)}`),
      })
    },
  },
  {
    name: 'refused',
    async run(scene, tally) {
      scene.receiver.replies.push({ status: 400, body: 'no such pool' })
      const [from, to] = [scene.active, scene.standby]
      const stopped = await scene.move(to)
      const { stop, state } = stopped
      const named = stop?.fault?.code === 'ROUTING_WEBHOOK_REFUSED' && stop.fault.message.includes('no such pool')
      const early = await scene.pointsAt(scene.first)
      return [
        ...expecting(state === 'needs-operator' && named, `${state} ${JSON.stringify(stop)}`),
        ...expecting(early === from, 'the second provider did not wait for the first one'),
        ...(await judgeEnd(scene, await scene.resume(stopped.id), { to, tally })),
      ]
    },
  },
]
const SHORT: ReadonlySet<string> = new Set(CASES.slice(0, 6).map(({ name }) => name))

export const trial: Trial = {
  name: 'routing',
  describe: 'clients are pointed at the new region by every provider, or the move says which of them does not, and why',
  needs: ['regions', 'named'],
  options: { cases: { describe: 'names of cases, or parts of them, with commas', default: 'all' } },
  limitMs: 20 * 60_000,
  fields: ['cases', 'wrong', 'moves', 'answers', 'staleAnswers', 'requests', 'secretsInLogs'],
  populations: ['cases', 'moves', 'answers', 'requests'],

  async run({ short, options }, context) {
    const tally: Tally = { moves: 0, answers: 0, stale: 0 }
    const algorithms: readonly DnsAlgorithm[] = short ? ['hmac-sha256'] : ['hmac-sha256', 'hmac-sha512']
    const { cases: wanted = 'all' } = options
    const cases = CASES.filter(({ name }) => {
      return wanted === 'all' ? !short || SHORT.has(name) : wanted.split(',').some((part) => name.includes(part))
    })
    const rows = []
    const sums = { requests: 0, secretsInLogs: 0 }
    for (const algorithm of algorithms) {
      await using scene = await RoutingScene.start(algorithm, context)
      for (const one of cases) rows.push({ algorithm, ...(await play(one, scene, { tally, context })) })
      sums.requests += scene.receiver.received.length
      sums.secretsInLogs += scene.countSecrets()
    }
    const wrong = rows.filter(({ problems }) => problems !== '').length
    const summary = {
      cases: rows.length,
      wrong,
      moves: tally.moves,
      answers: tally.answers,
      staleAnswers: tally.stale,
      ...sums,
    }
    return { ok: wrong + tally.stale + sums.secretsInLogs === 0, rows, summary }
  },
}

async function play(
  one: Case,
  scene: RoutingScene,
  { tally, context }: { readonly tally: Tally; readonly context: TrialContext },
) {
  const startedMs = performance.now()
  const problems = await one.run(scene, tally).catch((error: unknown) => [describeError(error)])
  context.signal.throwIfAborted()
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  context.log(`${one.name}: ${seconds} s${problems.map((problem) => `\n  ${problem}`).join('')}`)
  return { name: one.name, seconds, problems: problems.join('; ') }
}

async function moveAll(scene: RoutingScene, tally: Tally): Promise<string[]> {
  const to = scene.standby
  return await judgeEnd(scene, await scene.move(to), { to, tally })
}

interface FaultOptions {
  readonly tally: Tally
  /** Once the webhook has been asked to switch, before the name servers are. */
  begin(): Promise<void>
  end(): Promise<void>
  judge(stopped: OperationBody): string[]
}

/** The move stops for a person, while one of the name servers has been updated and one has not; then it goes on. */
async function moveWithFault(scene: RoutingScene, options: FaultOptions): Promise<string[]> {
  const to = scene.standby
  const { receiver, first, second } = scene
  receiver.beforeSwitch = () => options.begin()
  const stopped = await scene.move(to)
  receiver.beforeSwitch = async () => undefined
  await options.end()
  const told = [await scene.pointsAt(first), await scene.pointsAt(second)]
  const problems = [
    ...expecting(
      stopped.state === 'needs-operator' && stopped.stop?.at === 'rerouting',
      `it ended as ${stopped.state}`,
    ),
    ...expecting(told[0] === to && told[1] !== to, `the name servers pointed at ${told.join(' and ')}`),
    ...options.judge(stopped),
  ]
  return [...problems, ...(await judgeEnd(scene, await scene.resume(stopped.id), { to, tally: options.tally }))]
}

async function judgeEnd(
  scene: RoutingScene,
  { state, stop, warnings }: OperationBody,
  { to, tally }: { readonly to: string; readonly tally: Tally },
): Promise<string[]> {
  tally.moves += 1
  const { answers, stale } = await scene.judgeAnswers(to)
  tally.answers += answers
  tally.stale += stale
  return [
    ...expecting(state === 'done', `${state}: ${JSON.stringify(stop)}`),
    // Plain regions have no canary, and say so.
    ...warnings.filter((warning) => !warning.includes('canary')),
    ...expecting(scene.receiver.pointsAt === to, `the receiver points at ${scene.receiver.pointsAt}`),
    ...expecting(scene.reader === to, `the consumer is in ${scene.reader}`),
    ...expecting(scene.receiver.strangers === 0, 'a request without the token'),
  ]
}

function expecting(isTrue: boolean | undefined, problem: string): string[] {
  return isTrue === true ? [] : [problem]
}
