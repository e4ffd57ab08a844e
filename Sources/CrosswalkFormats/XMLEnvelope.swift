import CSimd
package import CrosswalkModel
import Glibc

/// Finds the records of an XML document: from its first bytes to the first record, for one way that a template
/// describes.
///
/// What stands before the run is passed over by its tags alone: the pipeline reads it afterwards, together with what
/// stands behind the run, as one small document (`XMLReference`).
package enum XMLEnvelope {
  package struct Place: Equatable, Sendable {
    /// The first record's `<`; of an empty list the parent's `</`, or the `/>` of a parent that is empty itself.
    package var runStart: Int
    /// As the document spells it; nil when any element is a record.
    package var recordName: [UInt8]?
    /// The start tags around the run, as they stand (that of an empty parent without its `/`).
    package var ancestors: [UInt8]
    /// Steps from the repeated element to the record inside it; usually none.
    package var wrapper: [RecordPath.Step]
    package var isEmpty: Bool
  }

  package enum Outcome: Equatable, Sendable {
    case found(Place)
    case mismatch
    /// The bytes end before it can be told.
    case needMore
    case error(FormatError)
  }

  /// - bytes: a document's first bytes, in UTF-8 (`badEncoding` otherwise: `XMLEncoding.transcode` the whole document).
  /// - ignoresPrefixes: names are compared without their prefix.
  package static func locate(
    _ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool, path: RecordPath, ignoresPrefixes: Bool = false
  ) -> Outcome {
    let split = path.steps.firstIndex(of: .elements) ?? path.steps.endIndex
    var names = Array(path.steps[..<split])
    let wrapper = path.steps[split...].filter { $0 != .elements }
    if names.isEmpty { names = [.anyName] }
    let padded = Array(bytes) + [UInt8](repeating: 0, count: 64)
    return padded.withUnsafeBufferPointer { buffer in
      var walk = Walk(
        base: buffer.baseAddress!, limit: buffer.baseAddress! + bytes.count, isLast: isLast, names: names,
        wrapper: wrapper,
        ignoresPrefixes: ignoresPrefixes)
      return walk.document()
    }
  }

  private struct Walk {
    let base: UnsafePointer<UInt8>
    let limit: UnsafePointer<UInt8>
    let isLast: Bool
    let names: [RecordPath.Step]
    let wrapper: [RecordPath.Step]
    let ignoresPrefixes: Bool
    let tokenizer = XMLTokenizer(declared: XMLDeclared(), limits: Limits())
    var p: UnsafePointer<UInt8>
    var ancestors: [UInt8] = []

    init(
      base: UnsafePointer<UInt8>, limit: UnsafePointer<UInt8>, isLast: Bool, names: [RecordPath.Step],
      wrapper: [RecordPath.Step], ignoresPrefixes: Bool
    ) {
      self.base = base
      self.limit = limit
      self.isLast = isLast
      self.names = names
      self.wrapper = wrapper
      self.ignoresPrefixes = ignoresPrefixes
      p = base
      tokenizer.begin(base, limit)
    }

    mutating func document() -> Outcome {
      if limit - base < 64, !isLast { return .needMore }
      do throws(FormatError) {
        let (encoding, mark) = try XMLEncoding.detect(UnsafeBufferPointer(start: base, count: limit - base))
        guard encoding == .utf8 else { return .error(FormatError(.badEncoding, at: 0)) }
        p += mark
      } catch {
        return .error(error)
      }
      if memcmp(p, "<?xml", 5) == 0, XMLText.isBlank(p[5]) {
        guard let close = memchr(p, 0x3e, limit - p) else { return stopped(FormatError(.truncated, at: limit - base)) }
        let end = UnsafePointer(close.assumingMemoryBound(to: UInt8.self)) + 1
        do throws(FormatError) {
          _ = try XMLReference.document(Array(UnsafeBufferPointer(start: p, count: end - p)) + Array("<x/>".utf8))
        } catch {
          return .error(FormatError(error.reason, at: p - base + error.offset))
        }
        p = end
      }
      guard let root = tokenizer.skipMiscellaneous(p) else { return failed() }
      p = root
      guard p < limit, p[0] == UInt8(ascii: "<"), p[1] != UInt8(ascii: "/") else {
        return stopped(FormatError(p < limit ? .unexpectedByte : .truncated, at: p - base))
      }
      return element(0) ?? .mismatch
    }

    /// The element at `p`, on the way at that level; nil when the records are not in it, `p` then stands behind it.
    private mutating func element(_ level: Int) -> Outcome? {
      let start = p
      guard let nameEnd = tokenizer.name(start + 1) else { return failed() }
      guard nameEnd < limit else { return stopped(FormatError(.truncated, at: limit - base)) }
      let name = UnsafeBufferPointer(start: start + 1, count: nameEnd - start - 1)
      guard matches(name, names[level]) else { return skip() }
      if level == names.count - 1 { return found(at: start, name: Array(name), isEmpty: false) }
      guard let tag = tokenizer.startTag(nameEnd, start: start, around: true) else { return failed() }
      let depth = ancestors.count
      let isParent = level == names.count - 2
      if tag.isEmpty {
        guard isParent else {
          p = tag.end
          return nil
        }
        ancestors += UnsafeBufferPointer(start: start, count: tag.end - 2 - start)
        ancestors.append(UInt8(ascii: ">"))
        return found(at: tag.end - 2, name: nil, isEmpty: true)
      }
      ancestors += UnsafeBufferPointer(start: start, count: tag.end - start)
      p = tag.end
      while true {
        guard let text = skipText() else { return failed() }
        p = text
        if p[1] == UInt8(ascii: "/") {
          if isParent { return found(at: p, name: nil, isEmpty: true) }
          guard let end = tokenizer.endTag(p + 2, start + 1, name.count) else { return failed() }
          p = end
          ancestors.removeSubrange(depth...)
          return nil
        }
        if let outcome = element(level + 1) { return outcome }
      }
    }

    /// To the `<` of the next tag.
    private func skipText() -> UnsafePointer<UInt8>? {
      var high: UInt64 = 0
      var bits: UInt64 = 0
      var hasMarkup = false
      return tokenizer.finishText(p + cw_scan_text(p, &high), &high, &bits, &hasMarkup)
    }

    private mutating func skip() -> Outcome? {
      var skipper = XMLSkipper(limits: Limits())
      switch skipper.element(p, limit - p) {
      case .end(let length):
        p += length
        return nil
      case .truncated: return stopped(FormatError(.truncated, at: limit - base))
      case .malformed(let reason, let offset):
        return p + offset >= limit - 16 && !isLast ? .needMore : .error(FormatError(reason, at: p - base + offset))
      }
    }

    private func matches(_ name: UnsafeBufferPointer<UInt8>, _ step: RecordPath.Step) -> Bool {
      guard case .name(let wanted) = step else { return true }
      if name.elementsEqual(wanted.utf8) { return true }
      guard ignoresPrefixes, let colon = name.firstIndex(of: UInt8(ascii: ":")) else { return false }
      return name[(colon + 1)...].elementsEqual(wanted.utf8)
    }

    private func found(at: UnsafePointer<UInt8>, name: [UInt8]?, isEmpty: Bool) -> Outcome {
      var recordName = name
      switch names[names.count - 1] {
      case .name(let wanted): if name == nil { recordName = Array(wanted.utf8) }
      case .anyName, .elements: recordName = nil
      }
      return .found(
        Place(runStart: at - base, recordName: recordName, ancestors: ancestors, wrapper: wrapper, isEmpty: isEmpty))
    }

    private func failed() -> Outcome {
      if !isLast, limit - tokenizer.state.pointee.failedAt < 16 { return .needMore }
      return .error(tokenizer.failure)
    }

    private func stopped(_ error: FormatError) -> Outcome {
      isLast || error.reason != .truncated ? .error(error) : .needMore
    }
  }
}
