package import CrosswalkModel

/// Finds the records of a JSON document: from its first bytes to the first record, for one way that a template describes.
package enum JSONEnvelope {
  package struct Place: Equatable, Sendable {
    /// Behind the `[` of the list, or at the document's first byte when there is no list.
    package var start: Int
    /// Objects and lists that are open at `start`.
    package var depth: Int
    /// Names around each record, from `start` on.
    package var wrapper: [String]
    package var isList: Bool
    /// The list holds nothing.
    package var isEmpty: Bool
  }

  package enum Outcome: Equatable, Sendable {
    case found(Place)
    case mismatch
    /// The bytes end before it can be told.
    case needMore
  }

  /// - fits: whether the first record, an object with these member names, is one: a bare record has to hold a mapped field, or nothing.
  package static func locate(
    _ bytes: UnsafeBufferPointer<UInt8>, path: RecordPath, fits: ([[UInt8]]) -> Bool
  ) -> Outcome {
    var walk = Walk(bytes: bytes)
    let split = path.steps.firstIndex(of: .elements)
    let outer = path.steps[..<(split ?? path.steps.startIndex)]
    let inner = split.map { path.steps[($0 + 1)...] } ?? path.steps[...]
    // A second list inside the first would be another language.
    guard !inner.contains(.elements) else { return .mismatch }
    var wrapper: [String] = []
    for step in inner {
      guard case .name(let name) = step else { return .mismatch }
      wrapper.append(name)
    }
    do {
      try walk.blanks()
      guard split != nil else {
        let start = walk.i
        guard try walk.fits(wrapper[...], fits) else { return .mismatch }
        return .found(Place(start: start, depth: 0, wrapper: wrapper, isList: false, isEmpty: false))
      }
      var depth = 0
      guard try walk.descend(outer, wrapper: wrapper, depth: &depth, fits) else { return .mismatch }
      var behind = walk
      try behind.blanks()
      let isEmpty = behind.byte == UInt8(ascii: "]")
      return .found(Place(start: walk.i, depth: depth, wrapper: wrapper, isList: true, isEmpty: isEmpty))
    } catch {
      return error == .end ? .needMore : .mismatch
    }
  }

  /// The names of an object's members that stands at the start of the bytes (blanks before it); nil when it is none or is cut.
  package static func memberNames(_ bytes: UnsafeBufferPointer<UInt8>) -> [[UInt8]]? {
    var walk = Walk(bytes: bytes)
    do {
      try walk.blanks()
      return try walk.names()
    } catch {
      return nil
    }
  }

  private enum Trouble: Error { case end, other }

  private struct Walk {
    let bytes: UnsafeBufferPointer<UInt8>
    var i = 0

    var byte: UInt8 { bytes[i] }

    mutating func blanks() throws(Trouble) {
      while true {
        guard i < bytes.count else { throw .end }
        guard [0x20, 0x0a, 0x0d, 0x09].contains(bytes[i]) else { return }
        i += 1
      }
    }

    mutating func take(_ scalar: Unicode.Scalar) throws(Trouble) -> Bool {
      try blanks()
      guard bytes[i] == UInt8(ascii: scalar) else { return false }
      i += 1
      return true
    }

    /// A string's inside, decoded as far as it can be: the reader says what is wrong with it.
    mutating func string() throws(Trouble) -> [UInt8] {
      guard try take("\"") else { throw .other }
      let start = i
      while true {
        guard i < bytes.count else { throw .end }
        if bytes[i] == UInt8(ascii: "\"") { break }
        i += bytes[i] == UInt8(ascii: "\\") ? 2 : 1
      }
      i += 1
      let inside = Array(bytes[start..<(i - 1)])
      guard inside.contains(UInt8(ascii: "\\")) else { return inside }
      // Spelt with escapes: the name is what they stand for.
      do throws(FormatError) {
        if case .text(let text) = try JSONReference.parse([0x22] + inside + [0x22]) { return text }
      } catch {}
      return inside
    }

    mutating func skip() throws(Trouble) {
      try blanks()
      var skipper = JSONSkipper()
      guard let used = skipper.skip(UnsafeBufferPointer(rebasing: bytes[i...])) else { throw .end }
      guard used > 0 else { throw .other }
      i += used
    }

    /// Into the objects that the steps name, and behind the `[` at their end.
    mutating func descend(
      _ steps: ArraySlice<RecordPath.Step>, wrapper: [String], depth: inout Int, _ fits: ([[UInt8]]) -> Bool
    ) throws(Trouble) -> Bool {
      guard let step = steps.first else {
        guard try take("[") else { return false }
        depth += 1
        let mark = i
        try blanks()
        let isEmpty = byte == UInt8(ascii: "]")
        var isOne = isEmpty
        // The first records may be bad ones: any of the first hundred tells.
        var tries = 0
        while !isOne, tries < 100 {
          let element = i
          do throws(Trouble) {
            isOne = try self.fits(wrapper[...], fits)
            if isOne { break }
            i = element
            try skip()
            guard try take(",") else { break }
            try blanks()
          } catch {
            if tries == 0 { throw error }
            break
          }
          tries += 1
        }
        i = mark
        return isOne
      }
      guard try take("{") else { return false }
      depth += 1
      if try take("}") { return false }
      while true {
        let name = try string()
        guard try take(":") else { throw .other }
        let isWanted: Bool =
          switch step {
          case .name(let wanted): name.elementsEqual(wanted.utf8)
          case .anyName: true
          case .elements: false
          }
        if isWanted {
          let mark = (i, depth)
          if try descend(steps.dropFirst(), wrapper: wrapper, depth: &depth, fits) { return true }
          if step != .anyName { return false }
          (i, depth) = mark
        }
        try skip()
        if try take(",") { continue }
        return false
      }
    }

    /// Whether what stands here is a record in its wrappers.
    mutating func fits(
      _ wrapper: ArraySlice<String>, _ judge: ([[UInt8]]) -> Bool
    ) throws(Trouble) -> Bool {
      try blanks()
      guard byte == UInt8(ascii: "{") else { return false }
      guard let name = wrapper.first else {
        var ahead = self
        return judge(try ahead.names())
      }
      i += 1
      if try take("}") { return false }
      while true {
        let found = try string()
        guard try take(":") else { throw .other }
        if found.elementsEqual(name.utf8) { return try fits(wrapper.dropFirst(), judge) }
        try skip()
        if try take(",") { continue }
        return false
      }
    }

    mutating func names() throws(Trouble) -> [[UInt8]] {
      guard try take("{") else { return [] }
      var names: [[UInt8]] = []
      if try take("}") { return names }
      while true {
        names.append(try string())
        guard try take(":") else { throw .other }
        try skip()
        guard try take(",") else { return names }
      }
    }
  }
}
