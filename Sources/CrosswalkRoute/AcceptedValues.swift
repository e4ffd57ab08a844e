package import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML

/// Values that a field takes, the nearest to a failing one first.
package struct AcceptedValues {
  private let tables: Tables

  package init(_ tables: Tables) { self.tables = tables }

  private static let most = 5
  /// So many are all shown.
  private static let few = 8

  /// - within: the country of a region.
  package func near(_ value: String, _ field: Field, within: [UInt8], _ side: RecordState.Side) -> [String] {
    for use in field.transforms {
      switch use.name {
      case "choice":
        return (use.argument?.entries ?? []).compactMap { $0.value.items?.first?.text ?? $0.value.text }
      case "boolean", "not": return ["true", "false"]
      case "country" where side == .target: return nearest(value, rows("countries", names: [0, 1, 3, 4], shown: 3))
      case "currency" where side == .target: return nearest(value, rows("currencies", names: [0, 3], shown: 0))
      case "region" where side == .target:
        let isCode = use.argument?.text == "code"
        return nearest(value, rows("regions", names: [1, 2, 3], shown: 2, within: within) { !isCode || $0[1].count == 2 })
      case "labelled":
        guard let name = use.argument?.text, let table = tables[name] else { return [] }
        let label = side == .source ? table.columns.firstIndex(of: "name") ?? 0 : 0
        let all = rows(name, names: [0, label], shown: 0)
        return nearest(value, side == .target ? all : all.map { ($0.names, $0.names.count > 1 ? "\($0.names[1]) - \($0.shown)" : $0.shown) })
      default: continue
      }
    }
    return field.type == .boolean ? ["true", "false"] : []
  }

  private func rows(
    _ table: String, names: [Int], shown: Int, within: [UInt8]? = nil, where isWanted: ([[UInt8]]) -> Bool = { _ in true }
  ) -> [(names: [String], shown: String)] {
    if let within, within.isEmpty { return [] }
    var all: [(names: [String], shown: String)] = []
    tables[table]?.rows(startingWith: within) { row in
      guard row.count > shown, isWanted(row) else { return true }
      let texts = names.flatMap { $0 < row.count ? Table.aliases(row[$0]) : [] }.map { String(decoding: $0, as: UTF8.self) }
      all.append((texts, String(decoding: row[shown], as: UTF8.self)))
      return true
    }
    return all
  }

  private func nearest(_ value: String, _ all: [(names: [String], shown: String)]) -> [String] {
    let ranked = all.compactMap { row -> (rank: Int, shown: String)? in
      row.names.compactMap { nearness(of: $0, to: value) }.min().map { ($0, row.shown) }
    }.sorted { ($0.rank, $0.shown) < ($1.rank, $1.shown) }
    if ranked.isEmpty, all.count <= AcceptedValues.few { return all.map(\.shown) }
    return ranked.prefix(AcceptedValues.most).map(\.shown)
  }
}
