/** A list without repeated entries: a repetition is a slip of the pen, and hides another one. */
import { z } from 'zod';

export function distinct<T extends z.ZodType<string, string>>(item: T): z.ZodArray<T> {
  return z.array(item).refine((items) => new Set(items).size === items.length, {
    error: 'must not repeat an entry',
  });
}
