import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// Text composed of lines in which fields stand (`or: { compose: […] }`).
final class ComposeStep: PlanStep {
  static let spec = TransformSpec(
    name: "compose", summary: "writes several values as lines of one text, where the field's own value is missing",
    parameters: [("compose", "the lines, fields in braces"), ("rest", "where edits that fit nowhere go on the way back")],
    inverse: .none, loses: "which line was which value: they return through the residue",
    examples: [
      .init(
        use: "{ compose: [\"{address.street}\", \"{address.city}, {address.region} {address.postalCode}\", \"{phone.fax} (fax)\"] }",
        writes: [
          (#"{"address.street":"1 Quay Rd\nDock 7","address.city":"Leeds","address.postalCode":"LS1"}"#, #""1 Quay Rd\nDock 7\nLeeds, LS1""#),
          (#"{"address.region":"FL","phone.fax":"555"}"#, #""FL\n555 (fax)""#), (#"{"address.city":""}"#, nil),
        ])
    ])

  private enum Part {
    case text([UInt8])
    case field(Int)
  }

  private let lines: [[Part]]
  private let to: Int

  /// Canonical fields named in the lines.
  static func fields(in lines: [String]) -> [String] {
    lines.flatMap { line in pieces(line).compactMap { if case .field(let name) = $0 { name } else { nil } } }
  }

  private enum Piece { case text(String), field(String) }

  private static func pieces(_ line: String) -> [Piece] {
    var pieces: [Piece] = []
    var rest = line[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
      pieces.append(.field(String(rest[rest.index(after: open)..<close])))
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
    return pieces
  }

  init(lines: [String], to: Int, register: (String) -> Int) {
    self.to = to
    self.lines = lines.map { line in
      ComposeStep.pieces(line).map { piece in
        switch piece {
        case .text(let text): .text(Array(text.utf8))
        case .field(let name): .field(register(name))
        }
      }
    }
  }

  override func run(_ state: RecordState) {
    let frame = state.frame
    var out: [UInt8] = []
    for line in lines {
      guard let text = render(line, frame) else { continue }
      if !out.isEmpty { out.append(0x0a) }
      out += text
    }
    frame.slots[to] = out.isEmpty ? .absent : frame.store(out)
  }

  /// The lines that are written, with the places of their values.
  func blocks(_ frame: Frame) -> [ComposedBlock] {
    var blocks: [ComposedBlock] = []
    var ordinal = 0
    for line in lines {
      let first = ordinal
      ordinal += line.reduce(0) { if case .field = $1 { $0 + 1 } else { $0 } }
      var ranges: [(Int, Range<Int>)] = []
      guard let text = render(line, frame, note: { ranges.append((first + $0, $1)) }) else { continue }
      blocks.append(
        ComposedBlock(text: text, fields: ranges.map { ($0, $1, render(line, frame, without: $0 - first)) }))
    }
    return blocks
  }

  /// nil when no value stands in the line.
  /// - without: the number of a value that is left out.
  /// - note: is told the number and the place of each value.
  private func render(
    _ line: [Part], _ frame: Frame, without: Int? = nil, note: ((Int, Range<Int>) -> Void)? = nil
  ) -> [UInt8]? {
    var text: [UInt8] = []
    // The first text behind the last value that was written: it joins it to the next one.
    var joint: [UInt8]?
    var lead: [UInt8] = []
    var hasValue = false
    var lastIsBlank = true
    var number = -1
    for (index, part) in line.enumerated() {
      switch part {
      case .text(let bytes):
        if index == 0 { lead = bytes } else if joint == nil { joint = bytes }
      case .field(let register):
        number += 1
        let slot = frame.slots[register]
        lastIsBlank = slot.isBlank || slot.kindBits >= UInt64(Kind.emptyObject.rawValue) || number == without
        if lastIsBlank {
          lead = []
          continue
        }
        text += hasValue ? joint ?? [] : lead
        let start = text.count
        text += frame.literal(slot)
        note?(number, start..<text.count)
        joint = nil
        hasValue = true
      }
    }
    guard hasValue else { return nil }
    if !lastIsBlank { text += joint ?? [] }
    return text
  }
}
