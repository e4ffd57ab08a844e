import CSimd
import CrosswalkModel
import Glibc

/// Records that are documents of their own, one behind the other.
extension XMLRecordReader {
  func nextDocument(in buffer: Pointer, at position: inout Int, to end: Int, isLast: Bool) -> ReadOutcome {
    let limit = buffer + end
    var p = buffer + position
    var hasPrologue = false
    while true {
      p += cw_skip_blanks(p)
      if p >= limit {
        if !isLast { return .needMore }
        if hasPrologue { return .fatal(FormatError(.truncated, at: end)) }
        position = end
        return .end
      }
      if limit - p < 16, !isLast { return .needMore }
      if p[0] == 0xef, p[1] == 0xbb, p[2] == 0xbf {
        p += 3
        hasPrologue = true
        if !hasReadDocument { position = p - buffer }
        continue
      }
      guard p[0] == UInt8(ascii: "<") else { return .fatal(FormatError(.unexpectedByte, at: p - buffer)) }
      if p[1] == UInt8(ascii: "?"), p[2] == UInt8(ascii: "x"), p[3] == UInt8(ascii: "m"), p[4] == UInt8(ascii: "l"),
        XMLText.isBlank(p[5])
      {
        // Blanks before a declaration are an error, save between two documents.
        if !hasReadDocument, p > buffer + position { return .fatal(FormatError(.notWellFormed, at: position)) }
        guard let close = memchr(p, 0x3e, min(limit - p, 1024)) else {
          if limit - p < 1024 { return isLast ? .fatal(FormatError(.truncated, at: end)) : .needMore }
          return .fatal(FormatError(.notWellFormed, at: p - buffer))
        }
        let q = Pointer(close.assumingMemoryBound(to: UInt8.self)) + 1
        if let error = check(declaration: Array(UnsafeBufferPointer(start: p, count: q - p)), at: p - buffer) {
          return .fatal(error)
        }
        p = q
        hasPrologue = true
        continue
      }
      if p[1] == UInt8(ascii: "!") || p[1] == UInt8(ascii: "?") {
        guard let q = tokenizer.skipMiscellaneous(p) else { return between(limit, isLast) }
        p = q
        continue
      }
      break
    }
    let outcome = read(p, buffer, &position, limit, isLast)
    if outcome == .record { hasReadDocument = true }
    return outcome
  }

  private func check(declaration bytes: [UInt8], at offset: Int) -> FormatError? {
    if bytes == declaration { return nil }
    do throws(FormatError) {
      let encoding = try bytes.withUnsafeBufferPointer { buffer throws(FormatError) in
        try XMLEncoding.detect(buffer).encoding
      }
      guard encoding == .utf8 else { return FormatError(.badEncoding, at: offset) }
      _ = try XMLReference.document(bytes + Array("<x/>".utf8))
    } catch {
      return FormatError(error.reason, at: offset + error.offset)
    }
    declaration = bytes
    return nil
  }

  /// The record in its wrappers, and what they bind.
  func find(
    in root: XMLNode, _ scope: Scope, at offset: Int
  ) throws(FormatError) -> (XMLNode, Scope) {
    var candidates = [(node: root, scope: scope)]
    var isFirst = true
    for step in path where step != .elements {
      var pool = candidates
      if !isFirst {
        pool = candidates.flatMap { outer in
          let scope = Self.scope(outer.scope, inside: outer.node)
          return outer.node.elements.map { ($0, scope) }
        }
      }
      isFirst = false
      switch step {
      case .name(let name): candidates = pool.filter { isNamed($0.node.name, name) }
      case .anyName: candidates = pool
      case .elements: candidates = pool
      }
    }
    guard let record = candidates.first else { throw FormatError(.notARecord, at: offset) }
    if candidates.count > 1 { throw FormatError(.repeatedElement, at: offset) }
    return record
  }

  private func isNamed(_ own: [UInt8], _ name: String) -> Bool {
    if own.elementsEqual(name.utf8) { return true }
    guard names.ignoresPrefixes, let colon = own.firstIndex(of: UInt8(ascii: ":")) else { return false }
    return own[(colon + 1)...].elementsEqual(name.utf8)
  }
}
