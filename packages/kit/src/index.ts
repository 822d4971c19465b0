export type * from './driver.ts'
export * from './duration.ts'
export * from './errors.ts'
export * from './shape.ts'
