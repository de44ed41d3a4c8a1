import { useState } from 'preact/hooks'

/** A command that says or does the same, to be copied. */
export function Cli({ command }: { readonly command: string }) {
  const [told, tell] = useState('')
  const copy = async () => {
    // Browsers have no clipboard on plain HTTP from elsewhere; the command can be selected then.
    const clipboard: Clipboard | undefined = navigator.clipboard
    const copied = await clipboard?.writeText(command).then(
      () => 'copied',
      () => undefined,
    )
    tell(copied ?? 'select it to copy')
  }
  return (
    <div class="cli">
      <button type="button" class="quiet" onClick={() => void copy()} aria-label={`Copy as CLI: ${command}`}>
        Copy as CLI
      </button>
      <code>{command}</code>
      <span class="cli-told" role="status">
        {told}
      </span>
    </div>
  )
}
