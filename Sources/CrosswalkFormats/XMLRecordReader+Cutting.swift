import Glibc

/// Where a batch of records may end.
extension XMLRecordReader {
  package func cut(in buffer: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int? {
    let isList = mode == .elements
    var name = recordName ?? []
    if recordName == nil {
      // Any name is a record's: that of the first one there.
      var i = start
      while i < end, XMLText.isBlank(buffer[i]) { i += 1 }
      guard i < end, buffer[i] == UInt8(ascii: "<") else { return nil }
      i += 1
      while i < end, XMLText.isNameByte(buffer[i]) {
        name.append(buffer[i])
        i += 1
      }
      guard !name.isEmpty else { return nil }
    }
    var upper = end
    while upper > start {
      upper -= 1
      guard buffer[upper] == UInt8(ascii: "<") else { continue }
      let at = upper
      guard at > start, at + 1 + name.count < end, isNamed(buffer + at + 1, name) else { continue }
      var i = at - 1
      while i > start, XMLText.isBlank(buffer[i]) { i -= 1 }
      guard buffer[i] == UInt8(ascii: ">") else { continue }
      let close = i - name.count
      let isEnd =
        close - 2 >= start && memcmp(buffer + close, name, name.count) == 0 && buffer[close - 1] == UInt8(ascii: "/")
        && buffer[close - 2] == UInt8(ascii: "<")
      let isEmptyTag = i > start && buffer[i - 1] == UInt8(ascii: "/")
      if isEnd || isList && isEmptyTag { return at }
    }
    return nil
  }
}
