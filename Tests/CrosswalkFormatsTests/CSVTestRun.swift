import CrosswalkFormats
import CrosswalkModel
import TestSupport

/// How bytes reach a reader: in one piece, in pieces of a size, in random pieces.
enum Feed: CustomStringConvertible, Sendable {
  case whole
  case pieces(Int)
  case random(UInt64)

  var description: String {
    switch self {
    case .whole: "whole"
    case .pieces(let size): "\(size) bytes at a time"
    case .random(let seed): "random pieces, seed \(seed)"
    }
  }

  static let all: [Feed] = [.whole, .pieces(1), .pieces(2), .pieces(3), .pieces(7), .pieces(4096), .random(1), .random(2)]

  /// Calls the body with the bytes from `base` on as far as they are there; it says how many of them it is done with, or nil
  /// when it wants no more.
  func run(_ bytes: [UInt8], _ body: (_ base: Int, UnsafeBufferPointer<UInt8>, _ isLast: Bool) -> Int?) {
    var random = Random(seed: { if case .random(let seed) = self { seed } else { 0 } }())
    var base = 0
    var available = 0
    repeat {
      switch self {
      case .whole: available = bytes.count
      case .pieces(let size): available = min(bytes.count, available + size)
      case .random: available = min(bytes.count, available + Int.random(in: 1...40, using: &random))
      }
      let padded = Array(bytes[base..<available]) + [UInt8](repeating: 0, count: 64)
      let done = padded.withUnsafeBufferPointer {
        body(base, UnsafeBufferPointer(rebasing: $0[..<(available - base)]), available == bytes.count)
      }
      guard let done else { return }
      base += done
    } while available < bytes.count
  }
}

/// What a reader made of a file: offsets are from the file's start.
struct ReadRun: Equatable {
  struct Record: Equatable {
    /// Decoded; nil is absent.
    var cells: [[UInt8]?]
    var leaves: Int
    var bytes: Range<Int>
    /// What `cells` say by column, by register and by path: no part of what runs are compared by.
    var registers: [[UInt8]?] = []
    var extras: [(path: String, text: [UInt8])] = []
    var hasLosingSpelling = false

    static func == (a: Record, b: Record) -> Bool { a.cells == b.cells && a.leaves == b.leaves && a.bytes == b.bytes }
  }

  enum Item: Equatable {
    case record(Record)
    case rejected(FormatReason, at: Int, bytes: Range<Int>)
  }

  var items: [Item] = []
  var headerError: CSVHeaderError?
  var header: CSVHeader?
  var endedWithoutNewline = false
  var lineEnds: CSVLineEnds = []

  var cells: [[String?]] {
    items.compactMap {
      guard case .record(let record) = $0 else { return nil }
      return record.cells.map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }
  }
}

/// Reads a CSV file. The layout has the columns at even places, the others are unknown, unless a layout is given.
func readCSV(
  _ bytes: [UInt8], _ feed: Feed = .whole, layout: Layout? = nil, profile: CSVProfile = CSVProfile(),
  headerHas: [String] = [], limits: Limits = Limits()
) -> ReadRun {
  var run = ReadRun()
  var reader: CSVRecordReader?
  feed.run(bytes) { base, buffer, isLast in
    var position = 0
    if reader == nil {
      do throws(CSVHeaderError) {
        let empty = layout ?? Layout()
        guard var header = try CSVHeader.read(
          buffer, isLast: isLast, layout: empty, profile: profile, headerHas: headerHas, limits: limits)
        else { return 0 }
        var found = empty
        if layout == nil {
          for (index, column) in header.columns.enumerated() where index % 2 == 0 {
            let name = String(decoding: column.name, as: UTF8.self)
            found.members.append(Layout.Member(name, .leaf(Layout.Leaf(register: found.registers))))
            header.columns[index].register = found.registers
            found.registers += 1
          }
        }
        run.header = header
        position = header.length
        reader = CSVRecordReader(
          header: header, layout: found, frame: Frame(registers: found.registers, encoding: .csv), profile: profile,
          limits: limits)
      } catch {
        run.headerError = error
        return nil
      }
    }
    guard let reader, let start = buffer.baseAddress ?? UnsafePointer(bitPattern: 64) else { return nil }
    while true {
      switch reader.next(in: start, at: &position, to: buffer.count, isLast: isLast) {
      case .record:
        run.items.append(.record(record(of: reader, base)))
      case .rejected(let error):
        run.items.append(
          .rejected(
            error.reason, at: base + error.offset, bytes: base + reader.frame.start..<base + reader.frame.end))
      case .needMore: return position
      case .end, .closed, .fatal:
        run.endedWithoutNewline = reader.endedWithoutNewline
        run.lineEnds = reader.lineEnds
        return nil
      }
    }
  }
  return run
}

private func record(of reader: CSVRecordReader, _ base: Int) -> ReadRun.Record {
  let frame = reader.frame
  var extras: [Int: Slot] = [:]
  for extra in frame.extras { extras[Int(extra.path)] = extra.value }
  let cells: [[UInt8]?] = reader.header.columns.enumerated().map { index, column in
    let slot = column.register.map { frame.slots[$0] } ?? extras[index] ?? .absent
    return slot.isAbsent ? nil : Array(frame.text(slot))
  }
  var record = ReadRun.Record(cells: cells, leaves: frame.leaves, bytes: base + frame.start..<base + frame.end)
  record.registers = (0..<frame.count).map { frame.slots[$0].isAbsent ? nil : Array(frame.text(frame.slots[$0])) }
  record.extras = frame.extras.map {
    (String(decoding: reader.path(Int($0.path)), as: UTF8.self), Array(frame.text($0.value)))
  }
  record.hasLosingSpelling = frame.hasLosingSpelling
  return record
}

/// What the plain twin makes of the same file, below a header that is known to be good.
func expectedItems(_ bytes: [UInt8], limits: Limits = Limits()) -> [ReadRun.Item] {
  CSVReference.read(bytes, limits: limits).dropFirst().map { row in
    if let error = row.error { return .rejected(error.reason, at: error.offset, bytes: row.bytes) }
    return .record(
      ReadRun.Record(
        cells: row.cells.map(\.text), leaves: row.cells.count { $0.text != nil }, bytes: row.bytes))
  }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A flat layout: a register for each name.
func flatLayout(_ names: [String], ignoresCase: Bool = false) -> Layout {
  var layout = Layout()
  for (register, name) in names.enumerated() {
    layout.members.append(Layout.Member(name, .leaf(Layout.Leaf(register: register))))
  }
  layout.registers = names.count
  layout.ignoresCase = ignoresCase
  return layout
}
