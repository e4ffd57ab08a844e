import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// A state or province in the target's spelling, within the record's country.
final class RegionTransform: Transform {
  static let spec = TransformSpec(
    name: "region", summary: "writes a state or province as its two-character code or its name, in the record's country",
    parameters: [("region", "code or name"), ("in", "the canonical field that holds the country")],
    inverse: .normalising, loses: "which of its names it was",
    examples: [
      .init(
        use: "{ region: code, in: address.country }",
        writes: [("\"Florida\"", "\"FL\""), ("\"FL\"", "\"FL\""), ("\"Bayern\"", nil)], given: ["address.country": "USA"]),
      .init(
        use: "{ region: name, in: address.country }",
        writes: [("\"CO\"", "\"Colorado\""), ("\"Colorado\"", "\"Colorado\"")], given: ["address.country": "US"]),
      .init(
        use: "{ region: code, in: address.country }", writes: [("\"New South Wales\"", nil)],
        given: ["address.country": "AUSTRALIA"]),
    ])

  private let givesName: Bool
  private let country: Int?
  private let countries: Table?
  private let regions: Table?
  private let replaced: (([UInt8]) -> [UInt8]?)?
  @exclusivity(unchecked) private var cache = LookupCache()
  @exclusivity(unchecked) private var codes = LookupCache()

  init(_ context: TransformContext) {
    givesName = context.argumentText == "name"
    country = context.text("in").flatMap(context.canonical)
    countries = context.tables["countries"]
    regions = context.tables["regions"]
    let name = context.text("in")
    replaced = context.replaced.flatMap { replaced in name.map { name in { replaced(name, $0) } } }
  }

  override var readsUnchanged: Bool { true }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    guard slot.kind == .text || slot.kind == .number, let country, let countries, let regions else { return nil }
    let place = frame.slots[country]
    guard place.kind == .text else { return nil }
    let text = Array(frame.text(slot))
    var countryText = Array(frame.text(place))
    if replaced != nil { countryText = known(countryText) }
    guard
      let answer = cache.answer(
        countryText + [0] + text,
        {
          guard let code = CountryTransform.find(countryText, in: countries)?.first else { return nil }
          return find(text, code, regions)
        })
    else { return nil }
    return slot.kind == .text && answer == text ? slot : frame.store(answer)
  }

  override func within(_ frame: Frame) -> [UInt8] {
    guard let country else { return [] }
    let place = frame.slots[country]
    guard place.kind == .text else { return [] }
    let text = known(Array(frame.text(place)))
    return code(text) ?? text
  }

  /// The country, or what stands in for one that the table does not have.
  private func known(_ country: [UInt8]) -> [UInt8] { code(country) == nil ? replaced?(country) ?? country : country }

  private func code(_ country: [UInt8]) -> [UInt8]? {
    codes.answer(country) { countries.flatMap { CountryTransform.find(country, in: $0) }?.first }
  }

  private func find(_ text: [UInt8], _ country: [UInt8], _ regions: Table) -> [UInt8]? {
    let key = Table.key(text)
    guard let row = regions.row(having: key, in: [1, 2, 3], startingWith: country), row.count >= 4 else { return nil }
    let (code, name) = (row[1], row[2])
    let isCode = Table.key(code) == key
    if givesName { return isCode ? name : text }
    return code.count == 2 ? code : nil
  }
}
