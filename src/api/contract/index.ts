export * from './groups.ts'
export * from './service.ts'
export * from './status.ts'
export * from './verification.ts'
