import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// A country in the target's spelling: code, three-letter code, name or capitals. One table, no guess.
final class CountryTransform: Transform {
  static let spec = TransformSpec(
    name: "country", summary: "writes a country as its ISO code, its name, or its name in capitals",
    parameters: [("country", "code, alpha3, name or NAME")], inverse: .normalising,
    loses: "which of its names or codes it was",
    examples: [
      .init(
        use: "{ country: code }", reads: [("\"UNITED STATES\"", "\"UNITED STATES\"")],
        writes: [("\"United States\"", "\"US\""), ("\"US\"", "\"US\""), ("\"usa\"", "\"US\""), ("\"England\"", nil)]),
      .init(use: "{ country: NAME }", writes: [("\"GB\"", "\"UNITED KINGDOM\""), ("\"INDIA\"", "\"INDIA\"")]),
    ])

  enum Spelling: String { case code, alpha3, name, capitals = "NAME" }

  private let spelling: Spelling
  private let table: Table?
  @exclusivity(unchecked) private var cache = LookupCache()

  init(_ context: TransformContext) {
    spelling = context.argumentText.flatMap(Spelling.init(rawValue:)) ?? .code
    table = context.tables["countries"]
  }

  override var readsUnchanged: Bool { true }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    guard slot.kind == .text, let table else { return nil }
    let text = Array(frame.text(slot))
    let spelling = spelling
    guard let answer = cache.answer(text, { CountryTransform.find(text, in: table).map { row in spell(row, spelling) } })
    else { return nil }
    return answer == text ? slot : frame.store(answer)
  }

  /// The row of a country by code, name or alias.
  static func find(_ text: [UInt8], in table: Table) -> [[UInt8]]? {
    // Code, three-letter code, name, aliases; not the number.
    table.row(having: Table.key(text), in: [0, 1, 3, 4])
  }
}

private func spell(_ row: [[UInt8]], _ spelling: CountryTransform.Spelling) -> [UInt8] {
  switch spelling {
  case .code: row[0]
  case .alpha3: row[1]
  case .name: row[3]
  case .capitals: Array(String(decoding: row[3], as: UTF8.self).uppercased().utf8)
  }
}
