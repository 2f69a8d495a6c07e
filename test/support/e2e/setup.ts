import { jest } from '@jest/globals';

// Every wait within a test has its own deadline; this one ends what waits for nothing that would tell.
jest.setTimeout(900_000);
