import CrosswalkMapping
import CrosswalkReference
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

  /// Blocks, claims and the right ones among them; blocks with city, region and postal code; blocks that stay whole.
  @Test(arguments: [
    ("set-apart", "AU 4 10 10 2 1, CA 16 53 53 12 3, DE 6 18 18 0 1, FR 4 6 6 0 2, GB 18 67 67 12 1, US 26 98 98 20 4, all 100 298 298 48 25"),
    ("development", "AU 3 11 11 2 1, CA 14 50 50 11 3, DE 5 17 17 1 1, FR 3 9 9 0 1, GB 17 53 53 10 5, US 25 77 77 17 6, all 100 274 274 44 35"),
  ])
  func atLeast99OfHundredClaimsAreRightAndHalfOfTheBlocksOfUSAndCAAndGBHaveTheirPlace(file: String, shown: String) throws {
    var wrong: [String] = []
    let figures = try Self.measure(try Self.blocks(file)) { wrong.append("\($0.country) \($1)=\($2)") }
    let all = try #require(figures["all"])
    #expect(all.blocks == 100)
    #expect(all.right * 100 >= all.claims * 99, "\(wrong)")
    for country in ["US", "CA", "GB"] {
      let own = try #require(figures[country])
      #expect(own.places * 2 >= own.blocks, "\(country) \(own)")
    }
    #expect(
      ["AU", "CA", "DE", "FR", "GB", "US", "all"].compactMap { name in
        figures[name].map { "\(name) \($0.blocks) \($0.claims) \($0.right) \($0.places) \($0.whole)" }
      }.joined(separator: ", ") == shown)
  }

  /// The blocks, and what becomes of them when lines are cut, joined, dropped and mixed.
  @Test func bothReadingsClaimTheSameOfEveryBlock() throws {
    let rules = try Self.rules()
    let tables = ReferenceTables(try ReferenceMappings.tables())
    var random = Random(seed: 20)
    let blocks = try ["set-apart", "development"].flatMap(Self.blocks).map(\.text)
    let lines = blocks.flatMap { $0.split(separator: 0x0a).map(Array.init) }
    func mixed() -> [UInt8] {
      let count = Int.random(in: 1...6, using: &random)
      var picked = (0..<count).map { _ in lines.randomElement(using: &random)! }
      if Bool.random(using: &random) { picked[0] = picked[0].split(separator: 0x2c).randomElement(using: &random).map(Array.init) ?? [] }
      let joint = [[0x0a], [0x0d, 0x0a], [0x0d], Array(", ".utf8), [0x20]].randomElement(using: &random)!
      return Array(picked.joined(separator: joint))
    }
    for text in blocks.filter({ _ in Int.random(in: 0..<2, using: &random) == 0 }) + (0..<100).map({ _ in mixed() }) {
      let (one, other) = (BlockText(text, rules), ReferenceBlock(text, tables))
      let names = Set(BlockText.names.filter { Bool.random(using: &random) || $0 == "rest" })
      let values = BlockText.names.filter(names.contains).map { name in
        (name, one?.value(name, in: text, known: names), other?.value(of: name, among: names))
      }
      for (name, mine, its) in values { #expect(mine == its, "seed 20: \(name) of \(String(decoding: text, as: UTF8.self))") }
      #expect((one == nil) == (other == nil), "seed 20: \(String(decoding: text, as: UTF8.self))")
    }
  }

  @Test func changingNothingChangesNothing() throws {
    let rules = try Self.rules()
    for block in try Self.blocks("development") {
      guard let reading = BlockText(block.text, rules) else { continue }
      let same = BlockText.names.map { (part: $0, value: reading.value($0, in: block.text)) }
      #expect(reading.replacing(same, in: block.text) == block.text)
    }
  }
}
