import type { Habits } from '../habits.ts'

export const customResourceDefinitions: Habits = { oneWriter: true, contains: true }
