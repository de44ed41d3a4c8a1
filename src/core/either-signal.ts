/**
 * A signal that aborts with the first of two. Unlike `AbortSignal.any` it has to be let go of, and costs next to nothing
 * meanwhile: thousands of flows hold one each, and ask it many times.
 */
export function eitherSignal(
  one: AbortSignal,
  other: AbortSignal,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  const sources = [one, other]
  const onAbort = () => controller.abort(sources.find(({ aborted }) => aborted)?.reason)
  for (const source of sources) source.addEventListener('abort', onAbort, { once: true })
  if (sources.some(({ aborted }) => aborted)) onAbort()
  const release = () => {
    for (const source of sources) source.removeEventListener('abort', onAbort)
  }
  return { signal: controller.signal, release }
}
