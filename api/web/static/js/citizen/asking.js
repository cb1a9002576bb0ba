// Questions to the service that end: a connection that is half dead answers nothing, for minutes.

const PATIENCE_MS = 30000; // Until the answer begins

/**
 * As fetch().
 * @throws {TypeError} Without a network.
 * @throws {DOMException} AbortError: nothing was answered in time.
 */
export async function fetchWithin(address, options = {}) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    return await fetch(address, { ...options, signal: patience.signal });
  } finally {
    clearTimeout(timer);
  }
}
