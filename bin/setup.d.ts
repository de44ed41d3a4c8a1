interface LockedPackage {
  readonly version?: string
  readonly optional?: boolean
  readonly devOptional?: boolean
}

export function ensureInstalled(): Promise<void>
export function matchesInstalled(
  lock: { readonly packages: Readonly<Record<string, LockedPackage>> },
  installedText: string | undefined,
): boolean
