/**
 * Typed events. Domain rooms emit, `observability` listens: nobody else logs or counts.
 * A listener must not throw; if one does, the error surfaces as an unhandled rejection, never in the emitter.
 */
export type EventMap = Record<string, object>

export interface Events<Map extends EventMap> {
  emit<Name extends keyof Map>(name: Name, event: Map[Name]): void
  on<Name extends keyof Map>(name: Name, listener: (event: Map[Name]) => void): () => void
  /** Every event, for logs and journals. */
  onAny(listener: (name: keyof Map, event: Map[keyof Map]) => void): () => void
}

export function createEvents<Map extends EventMap>(): Events<Map> {
  const listeners = new globalThis.Map<keyof Map, Set<(event: never) => void>>()
  const anyListeners = new Set<(name: keyof Map, event: Map[keyof Map]) => void>()
  return {
    emit(name, event) {
      for (const listener of listeners.get(name) ?? []) guard(() => (listener as (event: object) => void)(event))
      for (const listener of anyListeners) guard(() => listener(name, event))
    },
    on(name, listener) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set)
      set.add(listener)
      return () => set.delete(listener)
    },
    onAny(listener) {
      anyListeners.add(listener)
      return () => anyListeners.delete(listener)
    },
  }
}

function guard(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
