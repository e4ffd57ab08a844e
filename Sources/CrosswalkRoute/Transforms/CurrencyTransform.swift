import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// A currency's code of ISO 4217 in capitals. What the table does not have is no code, and is not sent.
final class CurrencyTransform: Transform {
  static let spec = TransformSpec(
    name: "currency", summary: "writes a currency as its ISO 4217 code", parameters: [("currency", "code")],
    inverse: .normalising, loses: "the case of the letters",
    examples: [
      .init(
        use: "{ currency: code }", reads: [("\"usd\"", "\"usd\"")],
        writes: [("\"USD\"", "\"USD\""), ("\"eur\"", "\"EUR\""), ("\"Euros\"", nil), ("\"XYZ\"", nil), ("978", nil)])
    ])

  private let table: Table?
  @exclusivity(unchecked) private var cache = LookupCache()

  init(_ context: TransformContext) { table = context.tables["currencies"] }

  override var readsUnchanged: Bool { true }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    guard slot.kind == .text, let table else { return nil }
    let text = Array(frame.text(slot))
    guard let code = cache.answer(text, { table.row(having: Table.key(text), in: [0])?.first }) else { return nil }
    return code == text ? slot : frame.store(code)
  }
}
