import CrosswalkModel
import TestSupport
import Testing

@Suite struct PathTextTests {
  @Test(arguments: [
    ("a", [PathStep.name("a")]),
    ("a.b", [.name("a"), .name("b")]),
    ("a[2].b", [.name("a"), .index(2), .name("b")]),
    ("Numbers[Kind=FAX].Number", [.name("Numbers"), .pick(key: "Kind", value: "FAX"), .name("Number")]),
    ("@id", [.name("@id")]),
    ("name.#text", [.name("name"), .name("#text")]),
    ("\"Bill to.City\".x", [.name("Bill to.City"), .name("x")]),
    ("\"say \"\"hi\"\"\"", [.name("say \"hi\"")]),
    ("\"\"", [.name("")]),
  ])
  func aPathIsReadAndSpeltTheSame(text: String, steps: [PathStep]) {
    #expect(PathStep.parse(text) == steps)
    #expect(PathStep.text(steps) == text)
  }

  @Test(arguments: ["", ".a", "a.", "a..b", "[1]", "a[", "a[x]", "a[-1]", "a[=x]", "\"open"])
  func whatIsNoPathIsRefused(text: String) {
    #expect(PathStep.parse(text) == nil)
  }

  @Test func anyNameSurvives() {
    var random = Random(seed: 7)
    let alphabet = Array("ab.[]\"=# @é")
    for round in 0..<2000 {
      let name = String((0..<Int.random(in: 0...6, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
      var path: [UInt8] = Array("root".utf8)
      PathText.append(name.utf8, to: &path)
      let text = String(decoding: path, as: UTF8.self)
      #expect(PathStep.parse(text) == [.name("root"), .name(name)], "seed \(random.seed), round \(round): \(text)")
    }
  }
}
