import { describe, expect, it } from 'vitest'
import { explainDistrust, explainKnownReign } from '../../../src/failover/known-reigns.ts'

type Copies = Parameters<typeof explainDistrust>[0]

function region(name: string, more: Partial<Copies[number]> = {}): Copies[number] {
  return { region: name, sight: 'read', strays: [], refused: [], trouble: undefined, ...more }
}

describe('a group that the authority does not have', () => {
  it('is new where every region has told that it knows nothing of it', () => {
    const others = region('us', { strays: ['groups/payments', 'groups/orders-2'] })
    expect(explainKnownReign('orders', [region('eu'), others])).toBeUndefined()
  })

  it('was lost where a region has a copy of it, whatever the others say', () => {
    const copies = [region('eu', { sight: 'unread' }), region('us', { strays: ['groups/orders'] })]
    expect(explainKnownReign('orders', copies)).toContain('us holds a copy of it')
  })

  it('is not known to be new while a region has not told', () => {
    const copies = [region('eu', { sight: 'untried' }), region('us', { sight: 'unread', trouble: 'it is down' })]
    expect(explainKnownReign('orders', copies)).toContain('eu (not looked at lately), us (it is down)')
  })
})

describe('an authority', () => {
  it('is trusted where nothing speaks against it, also while a region is away', () => {
    expect(explainDistrust([region('eu'), region('us', { sight: 'unread', trouble: 'it is down' })])).toBeUndefined()
  })

  it('is not trusted before each region was asked once', () => {
    expect(explainDistrust([region('eu'), region('us', { sight: 'untried' })])).toContain(
      'in us have not been looked at',
    )
  })

  it.each([
    ['newer', 'us holds groups/a newer than the authority does'],
    ['foreign', 'us holds groups/a of another authority'],
  ] as const)('is not trusted beside a copy that is %s', (why, reason) => {
    expect(explainDistrust([region('eu'), region('us', { refused: [{ key: 'groups/a', why }] })])).toContain(reason)
  })
})
