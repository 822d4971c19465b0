import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  QuantitySyntaxError,
  subtractQuantities,
} from './quantity.ts'
import { readFixtures } from './types/testing/fixtures.ts'

// Upstream has no suffix for 10^21 and writes this one as `1`; we keep the value.
const { '1000E': _, ...quantities } = readFixtures().quantities

/** Upstream leaves some texts as the author wrote them though it reads a shorter one as the same: `5.`, `+3`, `1e0`. */
const leftAsWritten = (text: string) => quantities[text] === text && /^[+]|^0|[.]|[eE]/.test(text)

it('writes quantities as upstream does', () => {
  const ours = Object.keys(quantities).map((text) => {
    try {
      return [text, canonicalQuantity(text)]
    } catch (error) {
      expect(error).toBeInstanceOf(QuantitySyntaxError)
      return [text, '']
    }
  })
  expect(ours.length).toBeGreaterThan(500)
  expect(ours.filter(([text]) => !leftAsWritten(text!))).toEqual(
    Object.entries(quantities).filter(([text]) => !leftAsWritten(text)),
  )
})

it('reads the text that upstream writes as the same quantity', () => {
  for (const [text, written] of Object.entries(quantities)) {
    if (written !== '') expect(canonicalQuantity(written), text).toBe(canonicalQuantity(text))
  }
})

describe('properties', () => {
  const text = fc
    .tuple(
      fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
      fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'Ki', 'Mi', 'e3', 'e-3'),
    )
    .map(([number, suffix]) => `${number}${suffix}`)
  const quantity = text.map(parseQuantity)

  it('the canonical text has the same value and is canonical itself', () => {
    fc.assert(
      fc.property(text, (one) => {
        const canonical = canonicalQuantity(one)
        expect(parseQuantity(canonical).nano).toBe(parseQuantity(one).nano)
        expect(canonicalQuantity(canonical)).toBe(canonical)
      }),
    )
  })

  it('sums and differences are exact and comparison follows them', () => {
    fc.assert(
      fc.property(quantity, quantity, (a, b) => {
        expect(subtractQuantities(addQuantities(a, b), b).nano).toBe(a.nano)
        expect(addQuantities(a, b).nano).toBe(addQuantities(b, a).nano)
        expect(Math.sign(compareQuantities(a, b))).toBe(Math.sign(Number(subtractQuantities(a, b).nano)))
      }),
    )
  })
})

it('keeps the family of suffixes of the first summand', () => {
  expect(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1024Mi')))).toBe('2Gi')
  expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('512Mi')))).toBe('512Mi')
  expect(formatQuantity(subtractQuantities(parseQuantity('1'), parseQuantity('250m')))).toBe('750m')
})
