// The parts of Node that the tests use; its own types are a package of 2 MB.
declare module 'node:test' {
  export function test(name: string, body: () => void | Promise<void>): void;
}

declare module 'node:assert/strict' {
  const assert: {
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    ok(value: unknown, message?: string): void;
    throws(body: () => unknown, expected?: unknown): void;
    rejects(promise: Promise<unknown>, expected?: unknown): Promise<void>;
  };
  export default assert;
}
