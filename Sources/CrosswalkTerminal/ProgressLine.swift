package import Crosswalk
import Glibc

/// One line at the bottom of the terminal: records, speed, share done, time left. Redrawn at most ten times a second, gone at
/// the end.
package final class ProgressLine {
  private let start = ProgressLine.now()
  private var lastDrawn = 0.0
  private var isDrawn = false

  package enum Wish: String, CaseIterable { case auto, always, never }

  /// nil when there shall be none.
  package init?(_ wish: Wish) {
    switch wish {
    case .always: break
    case .never: return nil
    case .auto: guard isatty(STDERR_FILENO) == 1 else { return nil }
    }
  }

  package func update(_ progress: ConvertProgress) {
    let now = ProgressLine.now()
    // Nothing for a run that is over before one could read it.
    guard now - start > 0.3, now - lastDrawn >= 0.1 else { return }
    lastDrawn = now
    isDrawn = true
    Console.writeError("\r\(ProgressLine.text(progress, seconds: now - start))\u{1b}[K")
  }

  package func erase() {
    guard isDrawn else { return }
    isDrawn = false
    lastDrawn = 0
    Console.writeError("\r\u{1b}[K")
  }

  /// `1,234,567 records  512 MB/s  37 %  12 s left`.
  package static func text(_ progress: ConvertProgress, seconds: Double) -> String {
    let speed = Double(progress.bytesRead) / max(seconds, 0.001)
    var text = "\(Decimal.grouped(progress.records)) records  \(Decimal.grouped(Int(speed / 1e6))) MB/s"
    if let total = progress.totalBytes, total > 0 {
      text += "  \(min(100, progress.bytesRead * 100 / total)) %"
      if speed > 0 { text += "  \(duration(Double(max(0, total - progress.bytesRead)) / speed)) left" }
    } else {
      text += "  \(Decimal.grouped(progress.bytesRead / 1_000_000)) MB  \(duration(seconds))"
    }
    return text
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole / 60 % 60) min"
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
