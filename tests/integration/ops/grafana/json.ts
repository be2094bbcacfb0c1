// A type of Grafana's as JSON writes it: words where TypeScript has enumerations.
export type Json<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends (infer One)[]
      ? Json<One>[]
      : T extends object
        ? { [Key in keyof T]: Json<T[Key]> }
        : T;
