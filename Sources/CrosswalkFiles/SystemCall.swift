import Glibc

/// The reason of the last failed call, in the system's words.
package func lastSystemError() -> String { systemError(errno) }

package func systemError(_ number: Int32) -> String {
  guard let text = strerror(number) else { return "error \(number)" }
  return String(cString: text)
}

/// Repeats a call that a signal interrupted.
package func uninterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
