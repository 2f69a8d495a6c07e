import type { CallOptions, DockerPort } from '../docker/port.js';
import type { PullProgress } from '../model/engine-objects.js';

export interface ImagePuller {
  /**
   * Pulls `reference`. Callers that request the same image while its pull is under way share that pull and its result.
   */
  pull(reference: string, onProgress: (progress: PullProgress) => void, options: CallOptions): Promise<void>;
  isPulling(reference: string): boolean;
}

interface Flight {
  readonly done: Promise<void>;
  readonly listeners: Set<(progress: PullProgress) => void>;
}

/** Pulls each image once at a time: fifty workspaces with the same image cause one pull. */
export function createImagePuller(docker: DockerPort): ImagePuller {
  const flights = new Map<string, Flight>();
  return {
    async pull(reference, onProgress, options) {
      const flight = flights.get(reference) ?? launch(reference, options);
      flight.listeners.add(onProgress);
      await flight.done;
    },
    isPulling: (reference) => flights.has(reference),
  };

  function launch(reference: string, options: CallOptions): Flight {
    const listeners = new Set<(progress: PullProgress) => void>();
    const notify = (progress: PullProgress) => listeners.forEach((listener) => listener(progress));
    const done = docker.pullImage(reference, notify, options).finally(() => flights.delete(reference));
    const flight = { done, listeners };
    flights.set(reference, flight);
    return flight;
  }
}
