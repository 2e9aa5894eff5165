// A schema, and the script of a model that replies in JSON.
import { z } from 'zod';

export const city = z.object({ name: z.string(), population: z.number().int() });

// A schema with a pattern can only be checked when the answer is complete.
export const patternCity = z.object({ name: z.string().regex(/^P/), population: z.number().int() });

// Rules for the simulator. The first matching rule gives the reply. The rules match words that are in the prompt whatever the server adds to it.
export const cityScript = [
  { match: 'city in a fence', emit: 'Here it is:\n```json\n{"name": "Paris", "population": 2100000}\n```\nAnything else?' },
  { match: 'the city', emit: '{"name": "Paris", "population": 2100000}' },
  { match: 'the weather', emit: 'It rains.' },
  { match: '', emit: 'I do not know.' },
];
