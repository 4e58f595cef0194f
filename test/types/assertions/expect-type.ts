/** Exact: `any`, and types that merely fit each other, are not equal. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

export declare function expectType<_ extends true>(): void
