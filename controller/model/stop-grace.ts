/**
 * Seconds between SIGTERM and SIGKILL for every container that the controller stops: as many as Docker itself gives.
 */
export const STOP_GRACE_SECONDS = 10;
