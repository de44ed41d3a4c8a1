import { describe, expect, it } from 'vitest'
import { ControllerBeats, findAnsweringControllers, type StateTexts } from '../../../src/controller/controller-beats.ts'
import { stageInMemory } from '../authority/stage-in-memory.ts'

/** Two regions, each of which can be down. */
function stage() {
  const memory = stageInMemory()
  const { clock } = memory
  const down = new Set<string>()
  const kept = new Map([
    ['eu', new Map<string, string>()],
    ['us', new Map<string, string>()],
  ])
  const of = (region: string) => {
    if (down.has(region)) throw new Error(`${region} is down`)
    return kept.get(region) as Map<string, string>
  }
  const states: StateTexts = {
    regions: [...kept.keys()],
    async put(region, key, text) {
      if (text === null) of(region).delete(key)
      else of(region).set(key, text)
    },
    readAll: async (region) => new Map(of(region)),
  }
  const start = (name: string) => {
    const beats = new ControllerBeats({ states, name, api: `${name}:8080`, clock })
    beats.start()
    return beats
  }
  const find = () => memory.through(findAnsweringControllers({ states, clock }, new AbortController().signal))
  return { clock, down, kept, start, find }
}

describe('a controller', () => {
  it('answers while its beat moves, and is named with its address', async () => {
    const { clock, start, find } = stage()
    const beats = [start('one'), start('two')]
    await clock.pass(20_000)
    expect(await find()).toEqual(['one at one:8080', 'two at two:8080'])
    await Promise.all(beats.map((one) => one.stop()))
  })

  it('answers where only one region shows it', async () => {
    const { clock, down, start, find } = stage()
    const beats = start('one')
    await clock.pass(20_000)
    down.add('eu')
    expect(await find()).toEqual(['one at one:8080'])
    await beats.stop()
  })

  it('that starts while it is looked for answers, too', async () => {
    const { clock, kept, start, find } = stage()
    kept.get('us')?.set('controller/old', JSON.stringify({ format: 1, api: 'old:80', beat: 7, everyMs: 3_000 }))
    clock.setTimer(4_000, () => void start('late'))
    expect(await find()).toEqual(['late at late:8080'])
  })

  it('that is frozen or was killed does not answer, though its last beat is there', async () => {
    const { kept, find } = stage()
    kept.get('eu')?.set('controller/dead', JSON.stringify({ format: 1, api: 'dead:80', beat: 7, everyMs: 3_000 }))
    kept.get('eu')?.set('controller/odd', 'nothing of ours')
    expect(await find()).toEqual([])
  })

  it('that has stopped leaves nothing that would be watched', async () => {
    const { clock, kept, start } = stage()
    const beats = start('one')
    await clock.pass(5_000)
    expect([...kept.values()].map((texts) => texts.size)).toEqual([1, 1])
    await beats.stop()
    expect([...kept.values()].map((texts) => texts.size)).toEqual([0, 0])
  })
})
