import Crosswalk
import Glibc
import Synchronization

/// Runs what is asynchronous and waits for its end, on a thread that has nothing else to do.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () async throws(Diagnostic) -> Value) throws(Diagnostic) -> Value {
  let box = ResultBox<Value>()
  Task {
    do throws(Diagnostic) { box.put(.success(try await body())) } catch { box.put(.failure(error)) }
  }
  return try box.take().get()
}

private final class ResultBox<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, Diagnostic>?>(nil)
  // Lives as long as the box, at one address.
  private nonisolated(unsafe) let isThere = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(isThere, 0, 0) }

  deinit {
    sem_destroy(isThere)
    isThere.deallocate()
  }

  func put(_ value: Result<Value, Diagnostic>) {
    result.withLock { $0 = value }
    sem_post(isThere)
  }

  func take() -> Result<Value, Diagnostic> {
    while true {
      while sem_wait(isThere) != 0 {}
      if let value = result.withLock({ $0 }) { return value }
    }
  }
}
