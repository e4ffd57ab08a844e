@testable import CrosswalkMapping
import Foundation
import TestSupport
import Testing

/// `Mappings/tables`: the files themselves, and their agreement with the lists they are facts from.
@Suite struct TablesTests {
  static let names = ["addresswords", "countries", "currencies", "postcodes", "regions"]

  // MARK: The files

  @Test(arguments: names) func tableIsMinimallyQuotedCSVWithLineFeeds(name: String) throws {
    let bytes = try Repository.bytes(TableFile.url(name))
    let table = try TableFile(name)
    let written = ([table.columns] + table.rows).map { row in
      row.map { cell in
        cell.utf8.contains { ",\"\r\n".utf8.contains($0) } ? "\"\(cell.replacing("\"", with: "\"\""))\"" : cell
      }.joined(separator: ",") + "\n"
    }.joined()
    #expect(Array(written.utf8) == bytes)
    #expect(Array(written.precomposedStringWithCanonicalMapping.utf8) == bytes, "composed characters only")
  }

  @Test func headersAreThoseOfTheReference() throws {
    #expect(try TableFile("countries").columns == ["code", "alpha3", "numeric", "name", "aliases"])
    #expect(try TableFile("regions").columns == ["country", "code", "name", "aliases"])
    #expect(try TableFile("addresswords").columns == ["kind", "words"])
    #expect(
      try TableFile("postcodes").columns == ["country", "names", "forms", "town", "region", "alone", "starts", "counties", "nations"])
    #expect(try TableFile("currencies").columns == ["code", "numeric", "digits", "name", "symbol", "2010", "2016"])
  }

  @Test(arguments: names) func rowsAreSortedAndNoKeyStandsTwice(name: String) throws {
    let table = try TableFile(name)
    let keys = table.rows.map { row in name == "regions" ? [row[0], row[1]] : [row[0]] }
    for (before, after) in zip(keys, keys.dropFirst()) {
      #expect(before.lexicographicallyPrecedes(after) { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
    }
  }

  @Test(arguments: names) func noCellHasBlanksAtItsEndsOrAnEmptyAlias(name: String) throws {
    let table = try TableFile(name)
    for row in table.rows {
      for (column, cell) in zip(table.columns, row) {
        let parts = column == "aliases" && !cell.isEmpty ? cell.components(separatedBy: "|") : [cell]
        for part in parts {
          #expect(part == part.split(whereSeparator: \.isWhitespace).joined(separator: " "), "\(row)")
          #expect(column != "aliases" || cell.isEmpty || !part.isEmpty, "\(row)")
        }
      }
    }
  }

  // MARK: What a name resolves to

  @Test func everyCodeNameAndAliasOfACountryResolvesToOne() throws {
    let resolution = try Resolution.countries()
    #expect(resolution.clashes == [])
    for (text, code) in [
      ("us", "US"), ("U.S.A.", "US"), ("united  states of america", "US"), ("GBR", "GB"), ("Great Britain", "GB"),
      ("Viet Nam", "VN"), ("Czech Republic", "CZ"), ("russian federation", "RU"), ("ÅLAND ISLANDS", "AX"),
      ("Cote d'Ivoire", "CI"), ("Türkiye", "TR"),
    ] {
      #expect(resolution[text] == code, "\(text)")
    }
  }

  @Test(arguments: [
    "England", "Scotland", "Wales", "Northern Ireland", "Deutschland", "Schweiz", "España", "Korea", "America",
    "Virgin Islands", "Europe",
  ])
  func partsOfCountriesForeignNamesAndAmbiguousOnesAreUnknown(text: String) throws {
    #expect(try Resolution.countries()[text] == nil)
  }

  @Test func everyCodeNameAndAliasOfARegionResolvesToOneInItsCountry() throws {
    let resolution = try Resolution.regions()
    #expect(resolution.clashes == [])
    for (text, code) in [
      ("US/florida", "FL"), ("US/fl", "FL"), ("US/Washington, D.C.", "DC"), ("CA/Québec", "QC"), ("CA/QUEBEC", "QC"),
      ("DE/Bayern", "BY"), ("DE/Bavaria", "BY"), ("DE/Thueringen", "TH"), ("CH/Zurich", "ZH"), ("CH/Zürich", "ZH"),
      ("PL/Małopolskie", "12"), ("PL/Lesser Poland", "12"), ("AU/New South Wales", "NSW"), ("IN/Karnataka", "KA"),
      ("BR/Sao Paulo", "SP"), ("JP/東京都", "13"), ("JP/Tokyo", "13"), ("IE/Co. Cork", "CO"), ("AU/WA", "WA"),
    ] {
      #expect(resolution[text] == code, "\(text)")
    }
    for unknown in ["GB/LN", "PL/MA", "AU/NS", "DE/Florida", "BD/Dhaka", "TW/Chiayi"] {
      #expect(resolution[unknown] == nil, "\(unknown)")
    }
  }

  /// The search in place finds what a reader of the whole table finds: cells in quotes hold commas, and no part of a name is a name.
  @Test(arguments: ["countries", "regions"]) func everyNameIsFoundInTheRowWhereItStands(name: String) throws {
    let table = CrosswalkMapping.Table(name: name, bytes: try Repository.bytes(TableFile.url(name)))
    let columns = name == "countries" ? [0, 1, 3, 4] : [1, 2, 3]
    var wrong: [String] = []
    let resolution = try name == "countries" ? Resolution.countries() : Resolution.regions()
    let rows = try TableFile(name).rows
    let share = ProcessInfo.processInfo.environment["CROSSWALK_CORPORA"] == "1" ? 1 : name == "countries" ? 3 : 20
    for row in rows.enumerated().filter({ $0.offset % share == 0 }).map(\.element) {
      for text in columns.flatMap({ row[$0].components(separatedBy: "|") }) {
        for part in Set([text, text.components(separatedBy: ",")[0], text.components(separatedBy: " ")[0]]) where part != "" {
          let key = CrosswalkMapping.Table.key(part.utf8)
          let found = table.row(having: key, in: columns, startingWith: name == "countries" ? nil : Array(row[0].utf8))
          let code = found.map { String(decoding: $0[name == "countries" ? 0 : 1], as: UTF8.self) }
          let wanted = resolution[name == "countries" ? part : "\(row[0])/\(part)"]
          if code != wanted { wrong.append("\(part) in \(row[0]): \(code ?? "nothing"), not \(wanted ?? "nothing")") }
        }
      }
    }
    #expect(wrong == [])
  }

  @Test(arguments: ["countries", "regions"]) func accentedNamesHaveAnAliasInASCII(name: String) throws {
    for row in try TableFile(name).records {
      let names = [row["name"] ?? ""] + (row["aliases"] ?? "").components(separatedBy: "|")
      #expect(names.contains { !$0.isEmpty && $0.utf8.allSatisfy { $0 < 0x80 } }, "\(names)")
    }
  }

  @Test func capitalsOfTheNamesAreTheSpellingsThatVendorsShow() throws {
    let names = try TableFile("countries").records.reduce(into: [:]) { $0[$1["code"]] = $1["name"]?.uppercased() }
    #expect(names["US"] == "UNITED STATES")
    #expect(names["IN"] == "INDIA")
    #expect(names["GB"] == "UNITED KINGDOM")
    #expect(Set(names.values).count == 249)
  }

  // MARK: The lists of the standards

  @Test(.enabled(if: StandardList.isExpected)) func countriesAreThoseOfISO3166() throws {
    let list = try StandardList.load("iso_3166-1")
    let rows = try TableFile("countries").records.reduce(into: [:]) { $0[$1["code"]] = $1 }
    let resolution = try Resolution.countries()
    #expect(rows.count == list.count)
    for entry in list {
      let code = try #require(entry["alpha_2"])
      let row = try #require(rows[code], "\(code)")
      #expect(row["alpha3"] == entry["alpha_3"])
      #expect(row["numeric"] == entry["numeric"])
      for name in [entry["name"], entry["common_name"], entry["official_name"]].compactMap(\.self) {
        #expect(resolution[name] == code, "\(name)")
      }
    }
  }

  /// Codes come and go with every edition of the list, and a name that a country has twice is listed with what tells the
  /// two apart; so a small number of entries may differ.
  @Test(.enabled(if: StandardList.isExpected)) func regionsAreThoseOfISO3166WithinTheDriftOfEditions() throws {
    let list = try StandardList.load("iso_3166-2")
    let table = try TableFile("regions")
    let resolution = try Resolution.regions()
    var codes: Set<String> = []
    var differing: [String] = []
    for entry in list {
      let parts = try #require(entry["code"]).split(separator: "-", maxSplits: 1).map(String.init)
      codes.insert("\(parts[0])/\(parts[1])")
      let name = try #require(entry["name"]).withoutMarks
      if resolution["\(parts[0])/\(name)"] != parts[1] { differing.append("\(parts[0])-\(parts[1]) \(name)") }
    }
    let invented = table.rows.map { "\($0[0])/\($0[1])" }.filter { !codes.contains($0) }
    #expect(differing.count < 150, "\(differing)")
    #expect(invented.count < 150, "\(invented)")
    #expect(Set(table.rows.map { $0[0] }).isSubset(of: try Set(TableFile("countries").rows.map { $0[0] })))
  }

  @Test(.enabled(if: StandardList.isExpected)) func currenciesHoldAllOfISO4217() throws {
    let rows = try TableFile("currencies").records.reduce(into: [:]) { $0[$1["code"]] = $1 }
    for entry in try StandardList.load("iso_4217") {
      let code = try #require(entry["alpha_3"])
      #expect(rows[code]?["numeric"] == entry["numeric"], "\(code)")
    }
  }

  @Test func currencyColumnsAreWellFormed() throws {
    for row in try TableFile("currencies").records {
      let code = try #require(row["code"])
      #expect(code.wholeMatch(of: /[A-Z]{3}/) != nil)
      #expect(row["numeric"]?.wholeMatch(of: /[0-9]{3}/) != nil, "\(code)")
      #expect(row["digits"]?.wholeMatch(of: /[0-4]?/) != nil, "\(code)")
      #expect(row["name"]?.isEmpty == false, "\(code)")
      for column in ["2010", "2016"] { #expect(row[column]?.contains(" - ") == false, "\(code)") }
    }
  }

  // MARK: The labels of the vendor

  /// 83 and 110 codes; of a code that stands twice (KRW) the table has the later name.
  @Test(
    .enabled(if: Repository.isCI || Repository.shared(labels) != nil),
    arguments: [
      ("2010", "currency_names_2010era__hapi.txt", 83), ("2016", "currency_names_2016era__harvest.net.txt", 110),
    ])
  func currencyLabelsAreThoseOfTheList(column: String, file: String, count: Int) throws {
    let folder = try #require(Repository.shared(Self.labels), "shared data is missing")
    let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
    var listed: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let hyphen = try #require(line.range(of: " - ", options: .backwards), "\(line)")
      listed[String(line[hyphen.upperBound...])] = String(line[..<hyphen.lowerBound])
    }
    let table = try TableFile("currencies").records.filter { $0[column] != "" }
    #expect(listed.count == count)
    #expect(table.reduce(into: [:]) { $0[$1["code"] ?? ""] = $1[column] } == listed)
  }

  private static let labels = "vendors/fixtures/harvest_v1"
}

// MARK: Reading a table

/// RFC 4180 in a few lines; anything else is an error.
private struct TableFile {
  struct Malformed: Error { var offset: Int }

  let columns: [String]
  let rows: [[String]]

  static func url(_ name: String) -> URL { Repository.root.appending(path: "Mappings/tables/\(name).csv") }

  init(_ name: String) throws {
    let bytes = try Repository.bytes(Self.url(name))
    var all: [[String]] = []
    var row: [String] = []
    var i = 0
    while i < bytes.count {
      var cell: [UInt8] = []
      if bytes[i] == UInt8(ascii: "\"") {
        i += 1
        while true {
          guard i < bytes.count else { throw Malformed(offset: i) }
          if bytes[i] == UInt8(ascii: "\"") {
            guard i + 1 < bytes.count, bytes[i + 1] == UInt8(ascii: "\"") else { break }
            i += 1
          }
          cell.append(bytes[i])
          i += 1
        }
        i += 1
      } else {
        while i < bytes.count, !",\n\"".utf8.contains(bytes[i]) {
          cell.append(bytes[i])
          i += 1
        }
      }
      guard i < bytes.count, bytes[i] != UInt8(ascii: "\""), let text = String(validating: cell, as: UTF8.self) else {
        throw Malformed(offset: i)
      }
      row.append(text)
      if bytes[i] == UInt8(ascii: "\n") {
        all.append(row)
        row = []
        guard all[0].count == all[all.count - 1].count else { throw Malformed(offset: i) }
      } else if i + 1 == bytes.count {
        throw Malformed(offset: i)
      }
      i += 1
      // A comma at the end of a line is followed by an empty cell, which the next round reads.
    }
    guard row.isEmpty, let first = all.first else { throw Malformed(offset: i) }
    columns = first
    rows = Array(all.dropFirst())
  }

  var records: [[String: String]] { rows.map { Dictionary(uniqueKeysWithValues: zip(columns, $0)) } }
}

/// What a text stands for: any case, blanks folded.
private struct Resolution {
  private var codes: [String: String] = [:]
  private(set) var clashes: [String] = []

  static func countries() throws -> Resolution {
    var resolution = Resolution()
    for row in try TableFile("countries").records {
      for text in [row["code"], row["alpha3"], row["name"]] + (row["aliases"] ?? "").components(separatedBy: "|") {
        resolution.add(text ?? "", code: row["code"] ?? "")
      }
    }
    return resolution
  }

  /// Keys are `country/text`.
  static func regions() throws -> Resolution {
    var resolution = Resolution()
    for row in try TableFile("regions").records {
      for text in [row["code"], row["name"]] + (row["aliases"] ?? "").components(separatedBy: "|") where text != "" {
        resolution.add("\(row["country"] ?? "")/\(text ?? "")", code: row["code"] ?? "")
      }
    }
    return resolution
  }

  subscript(text: String) -> String? { codes[Self.fold(text)] }

  private mutating func add(_ text: String, code: String) {
    guard !text.isEmpty else { return }
    if let other = codes.updateValue(code, forKey: Self.fold(text)), other != code {
      clashes.append("\(text): \(other), \(code)")
    }
  }

  private static func fold(_ text: String) -> String {
    text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}

/// The lists of the package iso-codes.
private enum StandardList {
  private static let folder = URL(filePath: "/usr/share/iso-codes/json")

  /// Without the package the comparison is left out, except under CI, where it has to be installed.
  static var isExpected: Bool { Repository.isCI || FileManager.default.fileExists(atPath: folder.path) }

  static func load(_ name: String) throws -> [[String: String]] {
    let data = try Data(contentsOf: folder.appending(path: "\(name).json"))
    let lists = try JSONDecoder().decode([String: [[String: String]]].self, from: data)
    return try #require(lists.values.first)
  }
}

extension String {
  /// Without the list's own marks: `[another name]`, a trailing `*` or `†`, `(EH-partial)`.
  fileprivate var withoutMarks: String {
    var text = self
    if text.hasSuffix("]"), let open = text.range(of: " [") { text.removeSubrange(open.lowerBound...) }
    if text.hasSuffix(")"), let open = text.range(of: " (EH") { text.removeSubrange(open.lowerBound...) }
    if text.hasSuffix("*") || text.hasSuffix("†") { text.removeLast() }
    return text.trimmingCharacters(in: .whitespaces)
  }
}
