import CrosswalkModel

/// What plain XML is not, and every error, through libxml2.
extension XMLRecordReader {
  func readSlowly(
    _ p: Pointer, _ buffer: Pointer, _ position: inout Int, _ limit: Pointer, _ isLast: Bool
  ) -> ReadOutcome {
    let failedFast = parser == .auto && path.count <= 1 ? tokenizer.failure : nil
    var skipper = XMLSkipper(limits: limits)
    let outline = skipper.element(p, limit - p)
    if case .truncated = outline {
      if !isLast { return .needMore }
      // What is there may be wrong before it ends; what is wrong in the last bytes may come of the cut.
      var leaves = 0
      let length = skipper.excess?.offset ?? limit - p
      if tokenizer.skip(p, depth: ancestorCount + 1, leaves: &leaves) == nil,
        tokenizer.state.pointee.reason != .truncated,
        let error = judge(p, length, buffer, closes: false), error.reason != .truncated,
        error.offset < min(p - buffer + length, limit - buffer - 16)
      {
        return .fatal(error)
      }
      return .fatal(FormatError(.truncated, at: limit - buffer))
    }
    if case .malformed(let reason, let offset) = outline {
      let length = min(skipper.excess?.offset ?? offset + 1, limit - p)
      if !isLast, limit - p - offset < 16 { return .needMore }
      let own = FormatError(reason, at: p - buffer + offset)
      if let error = judge(p, length, buffer, closes: false), error.offset < own.offset, error.reason != .truncated {
        return .fatal(error)
      }
      return .fatal(own)
    }
    guard case .end(let length) = outline else { return .fatal(FormatError(.notWellFormed, at: p - buffer)) }
    let q = p + length
    if let (reason, offset) = skipper.excess {
      // Not shown to libxml2: it takes minutes for what we refuse anyway.
      if let error = judge(p, offset, buffer, closes: false), error.offset < p - buffer + offset,
        error.reason != .truncated
      {
        return settle(error, p, q, buffer, &position)
      }
      return settle(FormatError(reason, at: p - buffer + offset), p, q, buffer, &position)
    }
    do throws(FormatError) {
      var node = try parse(p, length, buffer, closes: true)
      var scope = outerScope
      if !path.isEmpty {
        document = node
        (node, scope) = try find(in: node, scope, at: p - buffer)
      }
      if length > limits.record { throw FormatError(.recordTooLong, at: p - buffer) }
      // The place that the tokenizer saw is better than the record's start.
      let at = failedFast?.reason == .repeatedElement ? failedFast?.offset : nil
      try fill(node, at: at ?? p - buffer, scope: scope)
      return accept(q, buffer, &position)
    } catch {
      return settle(error, p, q, buffer, &position)
    }
  }

  /// Rejected when only the record is bad, fatal when the document is.
  private func settle(
    _ error: FormatError, _ p: Pointer, _ q: Pointer, _ buffer: Pointer, _ position: inout Int
  ) -> ReadOutcome {
    error.reason.spoilsRecordOnly ? refuse(error, p, q, buffer, &position) : .fatal(error)
  }

  private func judge(_ p: Pointer, _ length: Int, _ buffer: Pointer, closes: Bool) -> FormatError? {
    do throws(FormatError) {
      _ = try parse(p, length, buffer, closes: closes)
      return nil
    } catch {
      return error
    }
  }

  /// The element that libxml2 finds in the bytes, inside the elements around the run.
  private func parse(_ p: Pointer, _ length: Int, _ buffer: Pointer, closes: Bool) throws(FormatError) -> XMLNode {
    var text = [UInt8]()
    text.reserveCapacity(ancestors.count + length + closings.count)
    text += ancestors
    text += UnsafeBufferPointer(start: p, count: length)
    if closes { text += closings }
    var node: XMLNode
    do throws(FormatError) {
      node = try authority.parse(text)
    } catch {
      diagnosis = authority.message
      let offset = min(max(error.offset - ancestors.count, 0), length)
      throw FormatError(error.reason, at: p - buffer + offset)
    }
    for _ in 0..<ancestorCount {
      guard let inner = node.elements.first else { throw FormatError(.notWellFormed, at: p - buffer) }
      node = inner
    }
    return node
  }
}
