import CrosswalkMapping
import CrosswalkRoute
import Foundation
import TestSupport
import Testing

/// `Blocks/`: what people type into the details of a client, and what the rules claim of it.
@Suite struct BlockCorpusTests {
  struct Block {
    var country: String
    var text: [UInt8]
    var truth: [String: String] = [:]
  }

  /// What a claim is compared with: the parts' names in the corpus.
  static let names = [
    "street": "street", "city": "city", "region": "region", "postalCode": "postalCode", "country": "country",
    "main": "phone.main", "mobile": "phone.mobile", "fax": "phone.fax", "email": "email", "web": "website",
  ]

  static func blocks(_ file: String) throws -> [Block] {
    let text = String(decoding: try Repository.bytes(Repository.root.appending(path: "Tests/CrosswalkMappingTests/Blocks/\(file).txt")), as: UTF8.self)
    var blocks: [Block] = []
    var lines: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("=== ") {
        blocks.append(Block(country: String(line.dropFirst(4)), text: []))
        lines = []
      } else if line == "|" || line.hasPrefix("| ") {
        let value = line.dropFirst(2)
        lines.append(value.hasSuffix("\\r") ? value.dropLast(2) + "\r" : String(value))
        blocks[blocks.count - 1].text = Array(lines.joined(separator: "\n").utf8)
      } else if let colon = line.firstIndex(of: ":"), !line.hasPrefix("#") {
        let (name, value) = (String(line[..<colon]), String(line[line.index(colon, offsetBy: 2)...]))
        let known = blocks[blocks.count - 1].truth[name]
        blocks[blocks.count - 1].truth[name] = known.map { $0 + "\n" + value } ?? value
      }
    }
    return blocks
  }

  struct Figures {
    var blocks = 0
    var places = 0
    var claims = 0
    var right = 0
    var held = 0
    var whole = 0
  }

  static func rules() throws -> BlockRules {
    try #require(BlockRules(Tables { name in (try? Repository.bytes(Repository.root.appending(path: "Mappings/tables/\(name).csv"))).map { Table(name: name, bytes: $0) } }))
  }

  static func measure(_ blocks: [Block], _ wrong: (Block, String, String) -> Void) throws -> [String: Figures] {
    let rules = try rules()
    var figures: [String: Figures] = [:]
    for block in blocks {
      var own = Figures(blocks: 1, held: block.truth.count)
      if let reading = BlockText(block.text, rules) {
        for (name, _) in reading.parts {
          let value = String(decoding: reading.value(name, in: block.text) ?? [], as: UTF8.self)
          own.claims += 1
          if block.truth[names[name] ?? ""] == value { own.right += 1 } else { wrong(block, name, value) }
        }
        let claimed = Set(reading.parts.map(\.name))
        if claimed.isSuperset(of: ["city", "region", "postalCode"]) { own.places = 1 }
      } else {
        own.whole = 1
      }
      for country in [block.country, "all"] {
        var sum = figures[country] ?? Figures()
        sum.blocks += own.blocks
        sum.places += own.places
        sum.claims += own.claims
        sum.right += own.right
        sum.held += own.held
        sum.whole += own.whole
        figures[country] = sum
      }
    }
    return figures
  }

  @Test(arguments: ["set-apart", "development"])
  func figures(file: String) throws {
    let blocks = try Self.blocks(file)
    let figures = try Self.measure(blocks) { block, name, value in
      print("WRONG \(block.country) \(name)=\(value)\n", String(decoding: block.text, as: UTF8.self))
    }
    for (country, one) in figures.sorted(by: { $0.key < $1.key }) { print(file, country, one) }
    #expect(blocks.count == 100)
  }
}
