import CrosswalkFiles
import CrosswalkFormats
package import CrosswalkModel

/// Which format a file is in (SEMANTICS section 2, 1-2).
package enum FormatDetection {
  /// What a name's ending says, `.gz` and `.zst` aside; nil when nothing.
  package static func format(ofEnding path: String) -> Format? {
    var name = Substring(splitPath(path).name.lowercased())
    for packed in [".gz", ".zst"] where name.hasSuffix(packed) { name = name.dropLast(packed.count) }
    return endings.first { name.hasSuffix($0.ending) }?.format
  }

  /// The format of an input: the named one, else what the first bytes say, else the ending's, else the system's first one.
  ///
  /// Bytes win over an ending with a warning; a named format that they contradict is an error. JSON and NDJSON are not held
  /// against each other where both could be meant: JSON may be a sequence of documents.
  package static func input(
    named: Format?, name: String, head: [UInt8], among formats: [Format]
  ) throws(Diagnostic) -> (format: Format, warning: Diagnostic?) {
    let seen = look(at: head)
    if let named {
      if let seen, contradicts(named, seen, in: head) { throw looksLike(name, named, seen, among: formats) }
      return (named, nil)
    }
    if let ending = format(ofEnding: name) {
      if let seen, contradicts(ending, seen, in: head) { return (seen, endingDisagrees(name, ending, seen)) }
      return (ending, nil)
    }
    return (seen ?? formats.first { $0 == .csv && !head.isEmpty } ?? formats.first ?? .json, nil)
  }

  private static let endings: [(ending: String, format: Format)] = [
    (".csv", .csv), (".form", .form), (".json", .json), (".jsonl", .ndjson), (".ndjson", .ndjson), (".xml", .xml),
  ]

  /// A guess is held against what was said only where it is certain. Lines are each for themselves: the first may be broken, or
  /// the only one, so that lines are contradicted only by a document in which no object starts a line.
  private static func contradicts(_ said: Format, _ seen: Format, in head: [UInt8]) -> Bool {
    switch (said, seen) {
    case (.json, .ndjson), (.csv, .form), (.form, .csv): false
    case (.ndjson, .json): !isOneLine(head)
    case (.ndjson, .csv), (.ndjson, .form):
      !head.split { $0 == 10 || $0 == 13 }.contains { $0.first == UInt8(ascii: "{") }
    default: said != seen
    }
  }

  /// Whether these are lines: an object that ends on the first one, or another one that starts a later line. A line that is broken
  /// is that line's affair.
  private static func isOneLine(_ head: [UInt8]) -> Bool {
    let bytes = head.starts(with: [0xef, 0xbb, 0xbf]) ? head.dropFirst(3) : head[...]
    let text = bytes.drop(while: isBlank)
    let line = text.prefix { $0 != 10 && $0 != 13 }
    guard line.first == UInt8(ascii: "{") else { return false }
    if text.dropFirst(line.count).allSatisfy(isBlank) { return true }
    var skipper = JSONSkipper()
    if Array(line).withUnsafeBufferPointer({ skipper.skip($0) }) != nil { return true }
    return text.dropFirst(line.count).split { $0 == 10 || $0 == 13 }.contains { $0.first == UInt8(ascii: "{") }
  }

  /// The format that the first bytes show; nil when they could be several things.
  package static func look(at head: [UInt8]) -> Format? {
    if head.starts(with: [0xff, 0xfe]) || head.starts(with: [0xfe, 0xff]) { return .xml }
    var bytes = head[...]
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
    bytes = bytes.drop(while: isBlank)
    guard let first = bytes.first else { return nil }
    let next = bytes.dropFirst().first { !isBlank($0) }
    switch first {
    case UInt8(ascii: "<"):
      guard let second = bytes.dropFirst().first else { return nil }
      return isNameStart(second) || second == UInt8(ascii: "?") || second == UInt8(ascii: "!") ? .xml : nil
    case UInt8(ascii: "["):
      return next.map { #"{["]"#.utf8.contains($0) } == true ? .json : nil
    case UInt8(ascii: "{"):
      return next.map { #""}"#.utf8.contains($0) } == true ? (areLines(bytes) ? .ndjson : .json) : nil
    default:
      let line = bytes.prefix { $0 != 10 && $0 != 13 }
      if looksLikeForm(line) { return .form }
      guard line.count < bytes.count || head.count < 4096 else { return nil }
      return line.contains { ",;\t|".utf8.contains($0) } && isCellStart(first) ? .csv : nil
    }
  }

  /// Whether an object on a line of its own, complete or not, is followed by a line with another one.
  private static func areLines(_ bytes: ArraySlice<UInt8>) -> Bool {
    var depth = 0
    var isText = false
    var isEscaped = false
    for (index, byte) in zip(bytes.indices, bytes) {
      if isText {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isText = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isText = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 { return bytes[(index + 1)...].first { !isBlank($0) } == UInt8(ascii: "{") }
      case 10, 13: return bytes[index...].first { !isBlank($0) } == UInt8(ascii: "{")
      default: break
      }
    }
    return false
  }

  /// `key=…` with a key of the characters that a form leaves alone, before any separator of a CSV; a path before `?` is skipped.
  private static func looksLikeForm(_ line: ArraySlice<UInt8>) -> Bool {
    var line = line
    if let question = line.firstIndex(of: UInt8(ascii: "?")), !line[..<question].contains(UInt8(ascii: "=")) {
      line = line[(question + 1)...]
    }
    guard let equals = line.firstIndex(of: UInt8(ascii: "=")), equals > line.startIndex else { return false }
    guard line[..<equals].allSatisfy({ isNameStart($0) || "0123456789.-[]%+".utf8.contains($0) }) else { return false }
    return !line.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\"") }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  private static func isNameStart(_ byte: UInt8) -> Bool {
    let lower = byte | 32
    return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lower) || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: ":") || byte >= 0x80
  }

  private static func isCellStart(_ byte: UInt8) -> Bool {
    isNameStart(byte) || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "@") || byte == UInt8(ascii: "#")
  }
}

// MARK: - Messages

extension FormatDetection {
  private static func words(_ format: Format) -> String {
    switch format {
    case .json: "JSON"
    case .ndjson: "NDJSON (one object a line)"
    case .xml: "XML"
    case .csv: "CSV"
    case .form: "a URL-encoded form"
    }
  }

  private static func looksLike(_ name: String, _ named: Format, _ seen: Format, among formats: [Format]) -> Diagnostic
  {
    Diagnostic(
      .looksLike, "\(name == "-" ? "standard input" : "`\(name)`") looks like \(words(seen)), not \(words(named))",
      help: formats.contains(seen)
        ? "say `:\(seen)`, or leave the format out"
        : "this system has \(formats.map(\.rawValue).joined(separator: ", "))")
  }

  private static func endingDisagrees(_ name: String, _ ending: Format, _ seen: Format) -> Diagnostic {
    Diagnostic(
      .endingDisagrees, "`\(name)` is called .\(ending) and looks like \(words(seen)): read as \(seen)",
      help: "`--from SYSTEM:\(seen)` says so without this warning", disposition: .warning)
  }
}
