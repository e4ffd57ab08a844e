import CrosswalkModel

/// Passes over one record that is too large to hold, buffer by buffer.
package protocol RecordSkipper {
  /// The offset behind the record and its separator, or nil when the buffer ends first; call again with the next one.
  mutating func skip(_ bytes: UnsafeBufferPointer<UInt8>) -> Int?
  /// The end of the input ends the record.
  var endsWithInput: Bool { get }
}

extension RecordReader {
  /// How this reader's records are passed over; nil when it does so by itself (CSV, form) .
  package var largeRecordSkipper: (any RecordSkipper)? {
    switch self {
    case let json as JSONRecordReader: json.mode == .lines ? LineSkipper() : JSONRecordSkipper(json)
    case let xml as XMLRecordReader: XMLRecordSkipper(limits: xml.recordLimits)
    default: nil
    }
  }
}

/// To behind the next LF.
struct LineSkipper: RecordSkipper {
  let endsWithInput = true

  mutating func skip(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? { bytes.firstIndex(of: 0x0a).map { $0 + 1 } }
}

/// A JSON value, and in an array the comma behind it.
struct JSONRecordSkipper: RecordSkipper {
  let endsWithInput = false
  private let reader: JSONRecordReader
  private var skipper = JSONSkipper()
  private var isBehindValue = false

  init(_ reader: JSONRecordReader) { self.reader = reader }

  mutating func skip(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    var i = 0
    if !isBehindValue {
      guard let used = skipper.skip(bytes) else { return nil }
      isBehindValue = true
      i = used
    }
    guard reader.mode == .array else { return i }
    while i < bytes.count {
      switch bytes[i] {
      case 0x20, 0x0a, 0x0d, 0x09: i += 1
      case UInt8(ascii: ","):
        reader.expectsRecord = true
        return i + 1
      default:
        reader.expectsRecord = false
        return i
      }
    }
    return nil
  }
}

/// An XML element.
struct XMLRecordSkipper: RecordSkipper {
  let endsWithInput = false
  private var skipper: XMLSkipper
  private var fed = 0
  private var hasStarted = false

  init(limits: Limits) { skipper = XMLSkipper(limits: limits) }

  mutating func skip(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    var part = bytes
    var before = 0
    if !hasStarted {
      guard let start = bytes.firstIndex(of: UInt8(ascii: "<")) else { return nil }
      hasStarted = true
      before = start
      part = UnsafeBufferPointer(rebasing: bytes[start...])
    }
    switch skipper.feed(part) {
    case .end(let offset): return before + offset - fed
    case .truncated, .malformed:
      fed += part.count
      return nil
    }
  }
}
