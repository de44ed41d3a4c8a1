import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthorityEvents, openStore } from '../../../src/authority/index.ts'
import { createEvents, systemClock, systemRandom } from '../../../src/core/index.ts'
import { rbacRules } from '../../../src/kubernetes/index.ts'
import { never } from '../../support/authority/stage.ts'
import { hasKubernetes, KubeServer, RESTRICTED } from '../../support/kubernetes/kube-server.ts'
import { grant, grantAllBut, rightsOf } from '../../support/kubernetes/rights.ts'

const NAMES = { authority: 'isthmus' }
const authorityRules = rbacRules(NAMES).filter(({ feature }) => feature === 'authority')

describe.skipIf(!hasKubernetes)('the rights of the Role', () => {
  let server: KubeServer

  beforeAll(async () => {
    server = await KubeServer.start()
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  /** Everything that a store does, to its end: what the authority asks of it, and the sweep. */
  async function useAuthority(namespace: string): Promise<void> {
    const kubeconfig = await server.writeKubeconfig(namespace, RESTRICTED.token, namespace)
    const context = { clock: systemClock, random: systemRandom, events: createEvents<AuthorityEvents>() }
    const store = openStore({ kind: 'kubernetes', kubeconfig, name: NAMES.authority }, context)
    const other = openStore({ kind: 'kubernetes', kubeconfig, name: NAMES.authority }, context)
    let revision = 0
    for (let write = 0; write < 20; write++) {
      const put = { key: 'a', text: `{"at":${write}}` }
      const outcome = await store.commit({ conditions: [{ key: 'a', revision }], puts: [put] }, never)
      if (outcome.kind !== 'committed') throw new Error('a commit was refused')
      revision = outcome.revision
    }
    expect(await other.get('a', never)).toMatchObject({ text: '{"at":19}' })
    const pages = () => server.call('GET', `/apis/isthmus.dev/v1/namespaces/${namespace}/authoritypages`)
    const countPages = async () => (await pages()).body.items?.length
    await expect.poll(countPages, { timeout: 3_000 }).toBeLessThan(10)
    const changed = other.changed('a', revision, AbortSignal.timeout(20_000))
    await Promise.all([changed, store.commit({ conditions: [], puts: [{ key: 'a', text: '{}' }] }, never)])
    await Promise.all([store.close(), other.close()])
  }

  test('are enough for the authority', async () => {
    const namespace = await server.makeNamespace('all-rights')
    await grant(server, namespace, authorityRules)
    await useAuthority(namespace)
  })

  test.each(rightsOf(authorityRules).map((without) => [`${without.verb} ${without.rule.resources}`, without] as const))(
    'without %s the authority does not work',
    async (name, without) => {
      const namespace = await server.makeNamespace(`no-${name.replaceAll(' ', '-')}`)
      await grantAllBut(server, namespace, { rules: authorityRules, without })
      await expect(useAuthority(namespace)).rejects.toThrow()
    },
  )
})
