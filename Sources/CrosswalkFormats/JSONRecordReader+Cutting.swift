import Glibc

/// Where a batch of records may end.
extension JSONRecordReader {
  package func cut(in buffer: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int? {
    if mode == .lines {
      guard let newline = lastIndex(of: 0x0a, in: buffer, from: start, to: end) else { return nil }
      return newline + 1
    }
    guard mode == .array else { return nil }
    // `}` `,` `{` with blanks between them; and behind it the name that the run's records begin with, where that is known.
    var upper = end
    while let brace = lastIndex(of: UInt8(ascii: "{"), in: buffer, from: start, to: upper) {
      upper = brace
      guard let comma = blanksBefore(brace, buffer, start), buffer[comma] == UInt8(ascii: ","),
        let close = blanksBefore(comma, buffer, start), buffer[close] == UInt8(ascii: "}")
      else { continue }
      if startsLikeARecord(buffer + brace, buffer + end) { return brace }
    }
    return nil
  }

  private func lastIndex(of byte: UInt8, in buffer: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int? {
    var i = end - 1
    while i >= start {
      if buffer[i] == byte { return i }
      i -= 1
    }
    return nil
  }

  private func blanksBefore(_ index: Int, _ buffer: UnsafePointer<UInt8>, _ start: Int) -> Int? {
    var i = index - 1
    while i > start, buffer[i] == 0x20 || buffer[i] == 0x0a || buffer[i] == 0x0d || buffer[i] == 0x09 { i -= 1 }
    return i > start ? i : nil
  }

  private func startsLikeARecord(_ p: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>) -> Bool {
    let key = skipBlanks(p + 1)
    guard key[0] == UInt8(ascii: "\""), key + 16 < limit else { return false }
    if let wrapper = forms[form].first {
      return memcmp(key + 1, wrapper, wrapper.count) == 0 && key[1 + wrapper.count] == UInt8(ascii: "\"")
    }
    // Any of the record's own names: the splitter's reader may not have learnt which comes first.
    guard let q = memchr(key + 1, 0x22, limit - key - 1) else { return false }
    let name = UnsafeBufferPointer(start: key + 1, count: UnsafePointer(q.assumingMemoryBound(to: UInt8.self)) - key - 1)
    return table.has(name, in: 0)
  }
}
