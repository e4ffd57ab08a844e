/// The spelling of paths: `a.b`, `a[2]`, `a[Tag=PRIMARY].b`, `@attr`, `#text`, and odd names in double quotes
/// (`"a.b".c`; a quote inside is doubled). The same in mapping files, residue lines, `native` and messages.
package enum PathText {
  /// The first step of paths into the object around a record (`{"client": {…}, "etag": 1}`: `^.etag`).
  package static let around = "^"

  /// Whether a path leads to something beside the record: into the object around it, or to a name that stood again (`a.^2.name`).
  package static func isAround(_ path: some Collection<UInt8>) -> Bool {
    var isInQuotes = false
    var startsName = true
    var isMark = false
    for byte in path {
      if byte == UInt8(ascii: "\"") { isInQuotes.toggle() }
      if byte == UInt8(ascii: "."), !isInQuotes {
        if isMark { return true }
        startsName = true
        continue
      }
      isMark = startsName ? byte == UInt8(ascii: "^") : isMark && byte &- 0x30 < 10
      startsName = false
    }
    return isMark
  }

  /// Appends one member name, after a dot unless the path is empty.
  package static func append(_ name: some Collection<UInt8>, to path: inout [UInt8]) {
    if !path.isEmpty { path.append(UInt8(ascii: ".")) }
    if needsQuotes(name) { appendQuoted(name, to: &path) } else { path += name }
  }

  private static func appendQuoted(_ name: some Collection<UInt8>, to path: inout [UInt8]) {
    path.append(UInt8(ascii: "\""))
    for byte in name {
      if byte == UInt8(ascii: "\"") { path.append(byte) }
      path.append(byte)
    }
    path.append(UInt8(ascii: "\""))
  }

  /// A path with its last name in quotes, needed or not: the same path by another text, for what a record has where the text alone
  /// would mean a field that stands elsewhere.
  package static func quoted(_ path: [UInt8]) -> [UInt8] {
    guard let text = String(validating: path, as: UTF8.self), let steps = PathStep.parse(text) else { return path }
    let last = steps.lastIndex { if case .name = $0 { true } else { false } } ?? 0
    var quoted = Array(PathStep.text(Array(steps[..<last])).utf8)
    guard case .name(let name) = steps[last] else { return path }
    if last > 0 { quoted.append(UInt8(ascii: ".")) }
    appendQuoted(name.utf8, to: &quoted)
    return quoted + PathStep.text(Array(steps[(last + 1)...])).utf8
  }

  /// Appends an index, from 0.
  package static func append(index: Int, to path: inout [UInt8]) { path += "[\(index)]".utf8 }

  static func needsQuotes(_ name: some Collection<UInt8>) -> Bool {
    name.isEmpty || name.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "\"") }
      // A name that would be taken for the mark.
      || name.first == UInt8(ascii: "^") && name.dropFirst().allSatisfy { $0 &- 0x30 < 10 }
  }
}

/// One step of a path as `PathText` spells it.
package enum PathStep: Sendable, Hashable {
  case name(String)
  case index(Int)
  case pick(key: String, value: String)

  /// The steps of a path; nil when it is not one.
  package static func parse(_ text: String) -> [PathStep]? {
    let bytes = Array(text.utf8)
    var steps: [PathStep] = []
    var i = 0
    while i < bytes.count {
      if bytes[i] == UInt8(ascii: "[") {
        guard !steps.isEmpty, let close = bytes[i...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
        let inside = bytes[(i + 1)..<close]
        if let equals = inside.firstIndex(of: UInt8(ascii: "=")) {
          guard let key = String(validating: inside[..<equals], as: UTF8.self),
            let value = String(validating: inside[(equals + 1)...], as: UTF8.self), !key.isEmpty
          else { return nil }
          steps.append(.pick(key: key, value: value))
        } else {
          guard let digits = String(validating: inside, as: UTF8.self), let index = Int(digits), index >= 0 else { return nil }
          steps.append(.index(index))
        }
        i = close + 1
        continue
      }
      if !steps.isEmpty {
        guard bytes[i] == UInt8(ascii: ".") else { return nil }
        i += 1
      }
      var name: [UInt8] = []
      if i < bytes.count, bytes[i] == UInt8(ascii: "\"") {
        i += 1
        while true {
          guard i < bytes.count else { return nil }
          if bytes[i] == UInt8(ascii: "\"") {
            if i + 1 < bytes.count, bytes[i + 1] == UInt8(ascii: "\"") { i += 1 } else { break }
          }
          name.append(bytes[i])
          i += 1
        }
        i += 1
      } else {
        while i < bytes.count, bytes[i] != UInt8(ascii: "."), bytes[i] != UInt8(ascii: "[") {
          name.append(bytes[i])
          i += 1
        }
        if name.isEmpty { return nil }
      }
      guard let string = String(validating: name, as: UTF8.self) else { return nil }
      steps.append(.name(string))
      if i == bytes.count - 1, bytes[i] == UInt8(ascii: ".") { return nil }
    }
    return steps.isEmpty ? nil : steps
  }

  package static func text(_ steps: [PathStep]) -> String {
    var path: [UInt8] = []
    for step in steps {
      switch step {
      case .name(let name): PathText.append(name.utf8, to: &path)
      case .index(let index): PathText.append(index: index, to: &path)
      case .pick(let key, let value): path += "[\(key)=\(value)]".utf8
      }
    }
    return String(decoding: path, as: UTF8.self)
  }
}
