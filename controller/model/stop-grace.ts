/**
 * The time between SIGTERM and SIGKILL, in seconds, for every container that the controller stops; it is Docker's
 * default.
 */
export const STOP_GRACE_SECONDS = 10;
