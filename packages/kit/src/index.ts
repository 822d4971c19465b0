export type * from './driver.ts'
export * from './errors.ts'
