import Glibc

/// What this thread computes: other tests and programs on the machine do not count. For inputs that take seconds, or hours, where a
/// reader's work grows faster than its input; never for speed, which a benchmark shows.
public func processorTime(_ body: () throws -> Void) rethrows -> Duration {
  func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
  let start = now()
  try body()
  return now() - start
}
