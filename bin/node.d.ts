/** Arguments every start of the sources gets. */
export const nodeFlags: readonly string[]
