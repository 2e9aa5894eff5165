// A model that answers in JSON, and what its answers have to look like.
import { z } from 'zod';

export const city = z.object({ name: z.string(), population: z.number().int() });

// Rules for the simulator, the first that fits answers. Whatever the server adds to the prompt, these words stay in it.
export const cityScript = [
  { match: 'city in a fence', emit: 'Here it is:\n```json\n{"name": "Paris", "population": 2100000}\n```\nAnything else?' },
  { match: 'the city', emit: '{"name": "Paris", "population": 2100000}' },
  { match: 'the weather', emit: 'It rains.' },
  { match: '', emit: 'I do not know.' },
];
