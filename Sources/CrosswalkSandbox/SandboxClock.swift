import CrosswalkRoute
import Glibc

/// What time it is in a sandbox: the machine's, or one that goes on by a tenth of a second with each request, and otherwise only when
/// it is told to. The second kind gives the same times in every run.
final class SandboxClock {
  private(set) var isFast: Bool
  /// Milliseconds since 1970 of the fast one.
  private var own = 1_767_225_600_000
  private var shown = (milliseconds: -1, text: "")

  init(isFast: Bool) { self.isFast = isFast }

  /// Milliseconds since 1970.
  var milliseconds: Int {
    if isFast { return own }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
  }

  var seconds: Int { milliseconds / 1000 }

  /// Now, in ISO 8601. Many calls share a millisecond.
  var text: String {
    let now = milliseconds
    if shown.milliseconds != now { shown = (now, SandboxClock.text(of: now)) }
    return shown.text
  }

  static func text(of milliseconds: Int) -> String {
    RecordCodec.iso(milliseconds / 1000).dropLast() + ".\(String(1000 + milliseconds % 1000).dropFirst())Z"
  }

  /// Goes on where an earlier run had come to.
  func resume(at milliseconds: Int) { own = max(own, milliseconds) }

  /// What `text` was at.
  static func milliseconds(of text: String) -> Int? {
    guard let seconds = RecordCodec.seconds(Array(text.utf8)) else { return nil }
    let parts = text.split(separator: ".")
    return seconds * 1000 + (parts.count == 2 ? Int(parts[1].prefix(3)) ?? 0 : 0)
  }

  func tick() { if isFast { own += 100 } }

  /// Lets time pass; the machine's clock does so by itself. False where no four digits can have the year any more.
  func advance(seconds: Int) -> Bool {
    guard isFast else { return true }
    guard (0...(SandboxClock.last - own / 1000)).contains(seconds) else { return false }
    own += 1000 * seconds
    return true
  }

  /// A year before the end of 9999, so that requests may go on from there.
  private static let last = 253_370_764_800
}
